import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { ownFonts } from "./harness/fonts.ts";
import { test } from "./harness/test.ts";
import { tour, visit } from "./harness/tour.ts";

/** The folder for the pictures: the one named in the environment, or target/screenshots. */
const FOLDER = resolve(process.env["KEYHOLD_SCREENSHOTS"] ?? join(import.meta.dirname, "../target/screenshots"));

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 1920, 768, 360]) {
    test(`${colorScheme}, ${width} px`, async ({ page, keyhold, account, functions, mailbox, watch }) => {
      watch.allow(/status of (401|404|410|422)/);
      watch.answerDialogs((dialog) => dialog.accept());
      await ownFonts(page);
      const sights = await tour(keyhold, account, functions, mailbox);
      const cookies = await page.context().cookies();
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      for (const sight of sights) {
        if (sight.signedOut) await page.context().clearCookies();
        else await page.context().addCookies(cookies);
        await visit(page, sight);
        await page.screenshot({ path: join(FOLDER, `${sight.name}-${colorScheme}-${width}.png`), fullPage: true });
      }
    });
  }
}

/** The pictures in `docs/pictures/` are copies of these: what a laptop shows at once. */
const README = [
  { name: "dashboard", of: "dashboard", colorScheme: "light" },
  { name: "api-control", of: "api-control", colorScheme: "light" },
  { name: "selection", of: "api-control-selected", colorScheme: "dark" },
  { name: "key", of: "key-extend", colorScheme: "light" },
  { name: "new-key", of: "issued-key", colorScheme: "light" },
  { name: "dashboard-dark", of: "dashboard", colorScheme: "dark" },
] as const;

test("the README's pictures", async ({ page, keyhold, account, functions, mailbox, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  await ownFonts(page);
  const sights = await tour(keyhold, account, functions, mailbox);
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const { name, of, colorScheme } of README) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await visit(page, sights.find((sight) => sight.name === of)!);
    await page.screenshot({ path: join(FOLDER, "readme", `${name}.png`) });
  }
});

/** The snapshot of a notice of every kind, from the tests of the mails. */
const MAIL = resolve(import.meta.dirname, "../vault/tests/it/mail/snapshots/it__mail__compose__a_digest_of_all_kinds.snap");

/** `docs/pictures/mail.png` is a copy of the light one. */
for (const colorScheme of ["light", "dark"] as const) {
  test(`the mail, ${colorScheme}`, async ({ page }) => {
    const snapshot = readFileSync(MAIL, "utf8");
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 700, height: 400 });
    await page.setContent(snapshot.slice(snapshot.indexOf("<!DOCTYPE html>")));
    await page.screenshot({ path: join(FOLDER, `mail-${colorScheme}.png`), fullPage: true });
  });
}
