import { expect, GUIDE, test } from "../harness/guide.ts";
import { contrasts, overflow, uneven, violations } from "../harness/look.ts";

type Emulation = { colorScheme: "light" | "dark"; forcedColors?: "active" };

const SCHEMES: Emulation[] = [
  { colorScheme: "light" },
  { colorScheme: "dark" },
  { colorScheme: "dark", forcedColors: "active" },
];

for (const scheme of SCHEMES) {
  const name = scheme.forcedColors ? "forced colours" : scheme.colorScheme;
  for (const width of [1280, 360]) {
    test(`every component in every state is sound: ${name}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ ...scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      await page.goto(GUIDE);
      expect.soft(await violations(page)).toEqual([]);
      expect.soft(await overflow(page)).toBe(0);
      expect.soft(await uneven(page)).toEqual([]);
    });
  }
}

/** Each text token on each ground that it stands on: 4.5 for text, 3 for the borders of fields (WCAG 2.2, 1.4.3 and 1.4.11). */
const GROUNDS: [number, string, string[]][] = [
  [4.5, "--ink", ["--paper", "--surface", "--sunken", "--neutral-soft", "--accent-soft", "--green-soft", "--amber-soft", "--red-soft"]],
  [4.5, "--muted", ["--paper", "--surface", "--sunken", "--neutral-soft", "--accent-soft", "--amber-soft", "--red-soft"]],
  [4.5, "--accent", ["--paper", "--surface", "--sunken", "--green-soft", "--amber-soft", "--red-soft"]],
  [4.5, "--accent-strong", ["--accent-soft"]],
  [4.5, "--on-fill", ["--fill", "--fill-strong", "--red-fill"]],
  [4.5, "--green", ["--surface", "--paper", "--green-soft"]],
  [4.5, "--amber", ["--surface", "--paper", "--amber-soft"]],
  [4.5, "--red", ["--surface", "--paper", "--red-soft"]],
  [3, "--edge", ["--surface", "--paper"]],
  [3, "--fill", ["--surface", "--paper"]],
];

for (const colorScheme of ["light", "dark"] as const) {
  test(`the colours have contrast: ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(GUIDE);
    for (const [least, text, grounds] of GROUNDS) {
      const found = await contrasts(page, grounds.map((ground): [string, string] => [text, ground]));
      for (const [at, ground] of grounds.entries()) {
        expect.soft(found[at], `${text} on ${ground}`).toBeGreaterThanOrEqual(least);
      }
    }
  });
}

test("both ways to dark have the same colours", async ({ page }) => {
  const colours = () =>
    page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const names = [...document.styleSheets]
        .flatMap((sheet) => [...sheet.cssRules])
        .filter((rule) => rule instanceof CSSStyleRule && rule.selectorText === ":root")
        .flatMap((rule) => [...(rule as CSSStyleRule).style])
        .filter((name) => name.startsWith("--"));
      return names.map((name) => `${name}: ${style.getPropertyValue(name)}`);
    });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(GUIDE);
  const system = await colours();
  expect(system.length).toBeGreaterThan(40);
  await page.emulateMedia({ colorScheme: "light" });
  const light = await colours();
  await page.evaluate(() => (document.documentElement.dataset["theme"] = "dark"));
  expect(await colours()).toEqual(system);
  expect(light).not.toEqual(system);
});

test("in forced colours, what is current, primary or hollow can be told", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active", colorScheme: "dark" });
  await page.goto(GUIDE);
  const ground = (selector: string, pseudo?: string) =>
    page.locator(selector).first().evaluate((element, pseudo) => getComputedStyle(element, pseudo).backgroundColor, pseudo);
  expect(await ground(".filters a[aria-current]")).not.toBe(await ground(".filters a:not([aria-current])"));
  expect(await ground("#buttons .button.primary")).not.toBe(await ground("#buttons a.button:not(.edit)"));
  expect(await ground(".totals .accepted", "::before")).not.toBe(await ground(".totals .refused", "::before"));
});

test("controls have the heights of their tokens, and grow for fingers", async ({ page, browser, guide }) => {
  const heights = (on: typeof page) =>
    on.evaluate(() =>
      ["#buttons .button.primary", "#buttons .button.edit", "#fields input", "#choices select"].map(
        (selector) => document.querySelector(selector)!.getBoundingClientRect().height,
      ),
    );
  await page.goto(GUIDE);
  expect(await heights(page)).toEqual([32, 28, 32, 32]);
  const phone = await browser.newContext({ hasTouch: true, isMobile: true, viewport: { width: 360, height: 800 } });
  const touched = await phone.newPage();
  await touched.goto(guide.url + GUIDE);
  for (const height of await heights(touched)) expect(height).toBeGreaterThanOrEqual(40);
  await phone.close();
});

test("the offline bar covers nothing", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(GUIDE);
  // Its place in the pages is below the frame. There it is empty while the browser has a connection.
  await page.evaluate(() => {
    const [shown, empty] = document.querySelectorAll(".offline");
    empty!.replaceWith(shown!);
    scrollTo(0, document.body.scrollHeight);
  });
  const [foot, top] = await page.evaluate(() =>
    [".frame", ".offline"].map((selector) => document.querySelector(selector)!.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]),
  );
  expect(top![1], "at the foot of the window").toBe(800);
  expect(foot![1], "the frame ends where the bar begins").toBeLessThanOrEqual(top![0]!);
});

test("paper gets the content alone", async ({ page }) => {
  await page.goto(GUIDE);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const gone of [".button", ".menu", ".pager", ".filters", ".progress", ".offline"]) {
    await expect(page.locator(gone).first(), gone).toBeHidden();
  }
  await expect(page.locator("#table tbody th").first()).toBeVisible();
  expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe("rgb(0, 0, 0)");
});
