import type { Page } from "@playwright/test";

import { overflow, uneven, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";
import { type Sight, tour, visit } from "../harness/tour.ts";

const SCHEMES = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "forced colours": { colorScheme: "dark", forcedColors: "active" },
} as const;

for (const [scheme, emulation] of Object.entries(SCHEMES)) {
  for (const width of [1280, 360]) {
    test(`axe finds nothing on any page: ${scheme}, ${width} px`, async ({ page, keyhold, account, functions, mailbox, watch }) => {
      test.setTimeout(360_000);
      // What the tour asks for in vain: a missing page, an old link, a wrong password, a form with errors.
      watch.allow(/status of (401|404|410|422)/);
      watch.answerDialogs((dialog) => dialog.accept());
      const sights = await tour(keyhold, account, functions, mailbox);
      const cookies = await page.context().cookies();
      await page.emulateMedia({ ...emulation, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      for (const sight of sights) {
        if (sight.signedOut) await page.context().clearCookies();
        else await page.context().addCookies(cookies);
        await visit(page, sight);
        // Not in the middle of scrolling, where a bar that stays in sight half covers a row.
        await page.evaluate(() => scrollTo(0, 0));
        expect.soft(await violations(page, sight.covered), sight.name).toEqual([]);
        expect.soft(await overflow(page), `${sight.name} is wider than its window`).toBe(0);
        expect.soft(await uneven(page), `${sight.name} is off the grid of pixels`).toEqual([]);
      }
    });
  }
}

test("each page has its own title and exactly one level-one heading", async ({ page, keyhold, account, functions, mailbox, watch }) => {
  watch.allow(/status of (404|410)/);
  const titles = new Map<string, string>();
  const pages = (await tour(keyhold, account, functions, mailbox)).filter((sight) => !sight.reach && !sight.signedOut);
  for (const sight of pages as Sight[]) {
    await visit(page, sight);
    await expect(page.getByRole("heading", { level: 1 }), sight.name).toHaveCount(1);
    titles.set(sight.path.split("?")[0] ?? "", await page.title());
  }
  expect(titles.get("/")).toContain("Dashboard");
  const named = [
    "/",
    "/preferences/api-control",
    "/preferences/api-control/new",
    "/preferences/account",
    "/preferences/notices",
    "/developers",
  ];
  expect(new Set(named.map((path) => titles.get(path))).size).toBe(named.length);
});

test("a key can be created with the keyboard alone", async ({ page, account: _, apiControl, createPage, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  await apiControl.open();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: /^Skip to/ });
  await expect(skip).toBeFocused();
  await page.keyboard.press("Enter");

  await tabTo(page, () => apiControl.create.evaluate((link) => link === document.activeElement));
  await page.keyboard.press("Enter");
  await expect(createPage.heading("Create key")).toBeVisible();
  // The page opens at its first field.
  await expect(createPage.name).toBeFocused();
  await page.keyboard.type("By keyboard");
  await tabTo(page, () => createPage.expiration.select.evaluate((select) => select === document.activeElement));
  await page.keyboard.press("ArrowUp");
  await expect(createPage.expiration.select).toHaveValue("60d");
  await tabTo(page, () => createPage.submit.evaluate((button) => button === document.activeElement));
  await page.keyboard.press("Enter");
  await expect(createPage.issued.card).toBeVisible();
  // The new part has the focus, so that a screen reader starts there.
  await expect(createPage.heading("By keyboard is ready")).toBeFocused();
});

async function tabTo(page: Page, there: () => Promise<boolean>): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    if (await there()) return;
  }
  throw new Error("the Tab key does not reach it");
}
