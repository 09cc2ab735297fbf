import { violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

test("a row's menu works by keys, and extends the key", async ({ page, account: _, functions, apiControl }) => {
  await functions.createKey("Staging", "10d");
  await apiControl.open();
  const button = apiControl.row("Staging").locator("summary");
  const menu = apiControl.row("Staging").locator(".menu-items");
  await button.focus();
  await page.keyboard.press("ArrowDown");
  await expect(menu.getByRole("button", { name: /^Extend \+30 days Staging \d+ \w{3} 20\d\d$/ })).toBeFocused();
  await page.keyboard.press("End");
  await expect(menu.getByRole("link", { name: "Delete… Staging" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(menu.getByRole("button", { name: /^Extend \+90 days Staging/ })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(button).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(menu.getByRole("link", { name: "Delete… Staging" })).toBeFocused();
  await page.keyboard.press("Home");
  for (let item = 0; item < 9; item += 1) await page.keyboard.press("Tab");
  await expect(menu).toBeHidden();

  const extend = await apiControl.action("Staging", "Extend +90 days");
  const date = await extend.locator(".day").innerText();
  await extend.click();
  await expect(apiControl.pill("Staging")).toHaveText(/^Active · 100 days/);
  await expect(apiControl.pill("Staging")).toHaveAttribute("title", new RegExp(date));
  await expect(apiControl.toasts).toContainText("expires");
  await apiControl.undo.click();
  await expect(apiControl.pill("Staging")).toHaveText(/^Expires in 10 days/);
});

test("a row's menu stays in the window", async ({ page, account: _, functions, apiControl }) => {
  for (let index = 1; index <= 24; index += 1) await functions.createKey(`job ${index}`, "10d");
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await apiControl.open();
    const row = apiControl.rows.nth(width === 1280 ? 13 : 4);
    await row.locator("summary").click();
    await expect.poll(async () => {
      const menu = (await row.locator(".menu-items").boundingBox())!;
      return menu.y >= 0 && menu.y + menu.height <= 800;
    }, `${width} px`).toBe(true);
  }
});

test("a key is deleted in place, with its name", async ({ page, account: _, functions, keyhold, apiControl, watch }) => {
  watch.allow(/status of 422/);
  await functions.createKey("First");
  const second = await functions.createKey("Second", "90d");
  await functions.createKey("Third");
  expect((await keyhold.verify(second)).status).toBe(200);
  await apiControl.open("?sort=name");
  const button = apiControl.row("Second").locator("summary");
  await (await apiControl.action("Second", "Delete…")).click();
  const dialog = page.getByRole("dialog", { name: "Delete Second?", exact: true });
  const field = dialog.getByLabel("Name of the key");
  await expect(field).toBeFocused();
  await expect(dialog).toContainText(/Last used (just now|\d+ s ago)\./);
  await expect(dialog.getByRole("listitem")).toContainText("127.0.0.1");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(button).toBeFocused();
  await expect(page).toHaveURL(/\?sort=name$/);

  await (await apiControl.action("Second", "Delete…")).click();
  await field.fill("First");
  await field.press("Enter");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toBeFocused();
  await field.fill("Second");
  await dialog.getByRole("button", { name: "Delete key" }).click();
  await expect(dialog).toBeHidden();
  await expect(apiControl.names()).toHaveText(["Default key", "First", "Third"]);
  await expect(apiControl.toasts).toContainText("Second is deleted.");
  await expect(apiControl.row("Third").getByRole("link", { name: "Third", exact: true })).toBeFocused();
  expect((await keyhold.verify(second)).status).toBe(401);

  await (await apiControl.action("Third", "Delete…")).click();
  await apiControl.dialog.getByRole("button", { name: "Expire instead" }).click();
  await expect(apiControl.dialog).toBeHidden();
  await expect(apiControl.pill("Third")).toHaveText(/^Expired/);
  await apiControl.undo.click();
  await expect(apiControl.pill("Third")).toHaveText(/^Active/);
});

test("the question before a deletion fits a phone, whatever the key's name", async ({ page, account: _, functions, keyhold, apiControl, keyPage }) => {
  const name = "W".repeat(80);
  const key = await functions.createKey(name, "90d");
  for (const host of [1, 2, 3, 4, 5]) await keyhold.call(key, `198.51.100.${host}`, "warehouse-sync/2.4 (linux; x86_64)");
  await expect.poll(async () => (await functions.showKey(key)).callers.length).toBe(5);
  await page.setViewportSize({ width: 360, height: 800 });
  const fits = async () => {
    const box = (await apiControl.dialog.boundingBox())!;
    expect(box.y).toBeGreaterThanOrEqual(0);
    expect(box.y + box.height).toBeLessThanOrEqual(800);
    expect(await apiControl.dialog.evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBe(0);
    const field = apiControl.dialog.getByLabel("Name of the key");
    await expect(field).toBeFocused();
    await expect(field).toBeInViewport({ ratio: 1 });
    const { y, height } = (await field.boundingBox())!;
    expect(y + height, "the answers do not cover it").toBeLessThanOrEqual((await apiControl.dialog.locator(".answers").boundingBox())!.y);
    await expect(apiControl.dialog.getByRole("button", { name: "Delete key" })).toBeInViewport({ ratio: 1 });
    expect(await violations(page)).toEqual([]);
  };
  await apiControl.open();
  await (await apiControl.action(name, "Delete…")).click();
  await fits();
  await keyPage.openOf(key);
  await keyPage.openDeletion();
  await fits();
});

test("a key that is gone leads to its page, which says so", async ({ page, account: _, functions, apiControl, watch }) => {
  watch.allow(/status of 404/);
  const key = await functions.createKey("Gone", "90d");
  await apiControl.open();
  const link = await apiControl.action("Gone", "Delete…");
  expect((await functions.post("keys/delete", { access_key: key.access_key, confirm_name: "Gone" })).status).toBe(200);
  await link.click();
  await expect(page.getByText(/^You deleted Gone on/)).toBeVisible();
});

test("the keys that walk through the rows show a ring around the whole row", async ({ page, account: _, functions, apiControl }) => {
  await functions.createKey("A name that is longer than the column of names in this small window", "90d");
  for (const forcedColors of ["none", "active"] as const) {
    await page.emulateMedia({ forcedColors });
    await apiControl.open();
    await page.keyboard.press("j");
    const link = apiControl.names().first();
    await expect(link).toBeFocused();
    const ring = await link.evaluate((link) => {
      const { outlineStyle, outlineWidth, width, height } = getComputedStyle(link, "::after");
      return { outlineStyle, outlineWidth, width: parseFloat(width), height: parseFloat(height) };
    });
    const row = (await apiControl.rows.first().boundingBox())!;
    expect(ring).toMatchObject({ outlineStyle: "solid", outlineWidth: "2px" });
    expect(Math.abs(ring.width - row.width)).toBeLessThanOrEqual(1);
    expect(Math.abs(ring.height - row.height)).toBeLessThanOrEqual(1);
  }
});
