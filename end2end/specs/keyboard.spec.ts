import type { Locator, Page } from "@playwright/test";

import { hydrated } from "../harness/hydration.ts";
import { violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

class Palette {
  readonly dialog: Locator;
  readonly input: Locator;
  readonly options: Locator;
  readonly active: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole("dialog", { name: "Search" });
    this.input = this.dialog.getByRole("combobox", { name: "Search pages, actions and keys" });
    this.options = this.dialog.getByRole("option");
    this.active = this.dialog.locator("[aria-selected=true]");
  }

  option(name: string | RegExp): Locator {
    return this.options.filter({ hasText: name });
  }
}

const help = (page: Page) => page.getByRole("dialog", { name: "Keyboard shortcuts" });

test("single keys search, create, select and edit", async ({ page, account: _, functions, apiControl, createPage, keyPage }) => {
  await functions.createKey("Second key");
  await apiControl.open();
  await page.keyboard.press("/");
  await expect(apiControl.search).toBeFocused();
  await page.keyboard.type("nx/e?");
  await expect(apiControl.search).toHaveValue("nx/e?");
  await apiControl.search.fill("");
  await expect(apiControl.rows).toHaveCount(2);
  await apiControl.search.blur();

  const link = (name: string) => apiControl.row(name).getByRole("link", { name, exact: true });
  await page.keyboard.press("j");
  await expect(link("Second key")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(link("Default key")).toBeFocused();
  await page.keyboard.press("k");
  await expect(link("Second key")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect(apiControl.select("Default key")).toBeChecked();
  await page.keyboard.press("x");
  await expect(apiControl.select("Default key")).not.toBeChecked();
  await page.keyboard.press("e");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Default key");
  await expect(keyPage.name).toBeFocused();
  await keyPage.name.blur();
  await page.keyboard.press("e");
  await expect(keyPage.name).toBeFocused();
  await page.keyboard.type("n");
  await expect(keyPage.name).toHaveValue("n");
  await keyPage.name.fill("Default key");
  await keyPage.name.blur();
  await page.keyboard.press("n");
  await expect(createPage.heading("Create key")).toBeVisible();
});

test("no key acts with a modifier, while one types, in a dialog, or through an input method", async ({ page, account: _, apiControl }) => {
  await apiControl.open();
  const palette = new Palette(page);
  for (const key of ["Control+n", "Alt+n", "Meta+n", "Control+Shift+K"]) await page.keyboard.press(key);
  for (const options of [{ isComposing: true }, { keyCode: 229 }]) {
    await page.evaluate((options) => {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true, cancelable: true, ...options }));
    }, options);
  }
  await apiControl.search.focus();
  for (const key of ["Control+k", "?", "n"]) await page.keyboard.press(key);
  await page.locator("#sort").focus();
  await page.keyboard.press("n");
  await page.evaluate(() => {
    const note = document.body.appendChild(document.createElement("div"));
    note.contentEditable = "true";
    note.textContent = "note";
    note.focus();
  });
  await page.keyboard.press("n");
  await expect(page).toHaveURL(/api-control(\?.*)?$/);
  await expect(palette.dialog).toBeHidden();

  await page.locator("h1").focus();
  await page.keyboard.press("?");
  await expect(help(page)).toBeVisible();
  for (const key of ["n", "Control+k", "/"]) await page.keyboard.press(key);
  await expect(help(page)).toBeVisible();
  await expect(palette.dialog).toBeHidden();
  await expect(page).toHaveURL(/api-control(\?.*)?$/);
});

test("the list of shortcuts can switch single keys off", async ({ page, account: _, dashboard, createPage }) => {
  await dashboard.open();
  await page.keyboard.press("?");
  for (const what of ["Search pages, actions and keys", "Create a key", "Select the key", "Edit the key", "Show this list"]) {
    await expect(help(page)).toContainText(what);
  }
  const use = help(page).getByRole("checkbox", { name: "Use single-key shortcuts" });
  await expect(use).toBeChecked();
  expect(await violations(page)).toEqual([]);
  await use.uncheck();
  await page.keyboard.press("Escape");
  await expect(help(page)).toBeHidden();
  await page.keyboard.press("n");
  await page.keyboard.press("?");
  await expect(help(page)).toBeHidden();

  await dashboard.reload();
  await page.keyboard.press("n");
  await page.keyboard.press("Control+k");
  const palette = new Palette(page);
  await palette.input.fill("shortcuts");
  await page.keyboard.press("Enter");
  await expect(palette.dialog).toBeHidden();
  await expect(use).not.toBeChecked();
  await use.check();
  await help(page).getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("n");
  await expect(createPage.heading("Create key")).toBeVisible();
});

test("the palette opens pages, runs actions and finds keys by words in any order", async ({ page, account: _, functions, dashboard, apiControl, keyPage, signIn }) => {
  const eu = await functions.createKey("billing-worker-eu");
  await functions.createKey("billing-worker-us");
  await dashboard.open();
  const palette = new Palette(page);
  await page.keyboard.press("Control+k");
  await expect(palette.input).toBeFocused();
  for (const option of ["Dashboard", "Account", "API Control", "Notices", "Developers", "Create key", "Theme…", "Keyboard shortcuts", "Sign out", "billing-worker-eu"]) {
    await expect(palette.option(option).first()).toBeVisible();
  }
  expect(await violations(page)).toEqual([]);
  // The first that is not open already.
  await expect(palette.active).toHaveText(/Account/);
  await page.keyboard.press("ArrowUp");
  await expect(palette.active).toHaveText(/Dashboard.*Open now/);
  await page.keyboard.press("ArrowUp");
  await expect(palette.active).toHaveText(/Default key/);
  await expect(palette.input).toHaveAttribute("aria-activedescendant", (await palette.active.getAttribute("id")) ?? "");

  await palette.input.fill("EU billing");
  await expect(palette.options).toHaveText([new RegExp(`billing-worker-eu.*${eu.access_key}`)]);
  await page.keyboard.press("Enter");
  await expect(palette.dialog).toBeHidden();
  await expect(keyPage.heading("billing-worker-eu")).toBeVisible();
  await expect(keyPage.heading("billing-worker-eu")).toBeFocused();

  // Not the page's search: `/` finds keys on every page.
  await page.keyboard.press("/");
  await palette.input.fill("api con");
  await expect(palette.options).toHaveText([/API Control/]);
  await palette.options.first().click();
  await expect(apiControl.heading("API Control")).toBeVisible();

  await page.getByRole("button", { name: /^Search/ }).first().click();
  await palette.input.fill("no such thing");
  await expect(palette.dialog.getByRole("status")).toHaveText("Nothing matches.");
  await expect(palette.input).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("Enter");
  await palette.input.fill("theme");
  await expect(palette.options).toHaveText([/Theme: System/, /Theme: Light/, /Theme: Dark/]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("Control+k");
  await palette.option("Theme…").click();
  await expect(palette.options).toHaveCount(3);
  expect(await violations(page)).toEqual([]);
  await palette.input.fill("sign out");
  await page.keyboard.press("Enter");
  await expect(signIn.submit).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(palette.dialog).toBeHidden();
});

test("the palette shows the rest of many keys in API Control", async ({ page, account: _, functions, dashboard, apiControl }) => {
  for (let n = 1; n <= 8; n += 1) await functions.createKey(`Edge node ${n}`);
  await dashboard.open();
  await page.keyboard.press("Control+k");
  const palette = new Palette(page);
  await palette.input.fill("edge node");
  await expect(palette.option("Show all 8 in API Control")).toBeVisible();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\?q=edge(%20|\+)node$/);
  await expect(apiControl.rows).toHaveCount(8);
});

test("a secret pasted into the palette names its key and goes nowhere else", async ({ page, account: _, functions, dashboard, keyPage }) => {
  const leaked = await functions.createKey("Leaked one");
  await dashboard.open();
  await page.keyboard.press("Control+k");
  const palette = new Palette(page);
  await palette.input.fill(leaked.secret_key);
  await expect(palette.dialog.getByRole("status")).toContainText("That is the secret key of Leaked one.");
  await page.keyboard.press("Enter");
  await expect(keyPage.heading("Leaked one")).toBeVisible();
  expect(page.url()).not.toContain("khs_");
  // The field is out of sight, and empty.
  await expect(page.locator(".palette input")).toHaveValue("");
});

test("a slow search shows that it goes on, and a failed one says so", async ({ page, account: _, functions, dashboard, watch }) => {
  watch.allow(/Failed to load resource|net::ERR/);
  await functions.createKey("Slow one");
  await dashboard.open();
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await page.route("**/fn/keys/list", async (route) => {
    await held;
    await route.continue();
  });
  await page.keyboard.press("Control+k");
  const palette = new Palette(page);
  const line = palette.dialog.locator(".progress");
  await expect(line).toHaveClass(/going/);
  await expect.poll(() => line.evaluate((line) => line.getBoundingClientRect().width)).toBeGreaterThan(0);
  await expect(palette.option("Account").first()).toBeVisible();
  answer();
  await expect(palette.option("Slow one")).toBeVisible();
  await expect(line).not.toHaveClass(/going/);

  await page.unroute("**/fn/keys/list");
  await page.route("**/fn/keys/list", (route) => route.abort());
  await palette.input.fill("slow");
  await expect(palette.dialog.getByRole("status")).toHaveText(/^Keys can't be searched right now/);
});

test("pages without the module have the same keys", async ({ page, account: _, functions, dashboard, keyPage, createPage }) => {
  await functions.createKey("Found from afar");
  await page.goto("/developers");
  await page.keyboard.press("Control+k");
  const palette = new Palette(page);
  await palette.input.fill("afar");
  await palette.option("Found from afar").click();
  await expect(keyPage.heading("Found from afar")).toBeVisible();
  await hydrated(page);
  await page.keyboard.press("Control+k");
  await palette.input.fill("notices");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Notices" })).toBeVisible();
  await page.keyboard.press("?");
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await expect(createPage.heading("Create key")).toBeVisible();
  await dashboard.open();
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("there is no button for the palette", async ({ page, account: _ }) => {
    await page.goto("/");
    await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
    await expect(page.locator(".jump")).toBeHidden();
  });
});

test("without an account no key acts", async ({ page, signIn, createPage: _ }) => {
  await signIn.open();
  await page.locator("h1").focus();
  for (const key of ["n", "?", "Control+k", "/"]) await page.keyboard.press(key);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(signIn.submit).toBeVisible();
});

test("the palette is closed by Escape, by a press beside it, and by Back", async ({ page, account: _, dashboard, apiControl }) => {
  await apiControl.open();
  await page.getByLabel("Main").getByRole("link", { name: "Dashboard" }).click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  const palette = new Palette(page);
  const opener = page.getByRole("button", { name: /^Search/ }).first();
  await opener.click();
  await expect(palette.dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(palette.dialog).toBeHidden();
  await expect(opener).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.mouse.click(5, 5);
  await expect(palette.dialog).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.goBack();
  await hydrated(page);
  await expect(palette.dialog).toBeHidden();
  await expect(apiControl.heading("API Control")).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the palette and the list of shortcuts are sound on a phone: ${colorScheme}`, async ({ page, account: _, functions, dashboard }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width: 360, height: 640 });
    await functions.createKey("W".repeat(80), "never", "a long one");
    await dashboard.open();
    await page.keyboard.press("?");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    const palette = new Palette(page);
    await expect(palette.option("WWWW")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    const box = await palette.dialog.boundingBox();
    expect(box!.x).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width).toBeLessThanOrEqual(360);
    expect(box!.y + box!.height).toBeLessThanOrEqual(640);
  });
}
