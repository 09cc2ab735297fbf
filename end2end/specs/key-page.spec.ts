import type { Locator, Page } from "@playwright/test";

import { dayAhead } from "../harness/days.ts";
import { hydrated } from "../harness/hydration.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

/** The controls for an expiration that a page has, in sight or not: each has one select or one group of choices. */
function expirationControls(page: Page): Locator {
  return page.getByRole("main").locator('form:has([name="expiry"])');
}

async function top(locator: Locator): Promise<number> {
  return (await locator.boundingBox())!.y;
}

test.describe("on a laptop", () => {
  test.use({ viewport: { width: 1280, height: 800 } });

  test("the page of a key in use fits in 1000 px, with calls at the left and properties at the right", async ({
    page,
    keyhold,
    account: _,
    functions,
    keyPage,
  }) => {
    const key = await functions.createKey("warehouse-sync", "90d", "Stock levels, every five minutes.");
    for (const host of [1, 2, 3, 4, 5]) await keyhold.call(key, `198.51.100.${host}`, "warehouse-sync/2.4 (linux; x86_64)");
    for (const name of ["one", "two", "three", "four", "five", "warehouse-sync"]) {
      await functions.post("keys/edit", { access_key: key.access_key, name });
    }
    await expect.poll(async () => (await functions.showKey(key)).callers.length).toBe(5);
    await keyPage.openOf(key);
    await expect(keyPage.callers.getByRole("listitem")).toHaveCount(5);
    const cards = await page.getByRole("main").locator("section").all();
    for (const card of cards) {
      const { y, height } = (await card.boundingBox())!;
      expect(y + height).toBeLessThanOrEqual(1000);
    }
    await expect(keyPage.save).toBeInViewport();
    const calls = (await keyPage.calls.boundingBox())!;
    const properties = (await keyPage.properties.boundingBox())!;
    expect(properties.y).toBe(calls.y);
    expect(properties.x).toBeGreaterThan(calls.x + calls.width);
    // Seven entries: the oldest four are one press away.
    await expect(keyPage.history.filter({ visible: true })).toHaveCount(3);
    await page.getByText("Show 4 older").click();
    await expect(keyPage.history.filter({ visible: true })).toHaveCount(7);
  });

  test("Restore is in sight on an expired key, also after signing in from an email's link", async ({
    page,
    keyhold,
    account,
    functions,
    keyPage,
    signIn,
  }) => {
    const key = await functions.createKey("billing-cron", "90d", "Nightly invoices, runs on batch-2.");
    await functions.expireKey(key);
    for (const host of [1, 2, 3]) await keyhold.call(key, `198.51.100.${host}`, "billing/2.4");
    await expect.poll(async () => (await functions.showKey(key)).failing?.callers).toBe(3);
    await keyPage.openOf(key);
    await expect(keyPage.alarm).toContainText("3 callers still fail");
    expect(await top(keyPage.restore)).toBeLessThan(400);

    await page.context().clearCookies();
    // From elsewhere: another part of the same page is no navigation.
    await page.goto("about:blank");
    await page.goto(`${KeyPage.path(key)}#restore`);
    await hydrated(page);
    await signIn.signIn(account.email, account.password);
    await expect(page).toHaveURL(new RegExp(`${key.access_key}#restore$`));
    await expect(page.getByRole("heading", { name: "Restore" })).toBeFocused();
    await expect(keyPage.restore).toBeInViewport();
    expect(await top(keyPage.restore)).toBeLessThan(400);
    await keyPage.restore.click();
    await expect(keyPage.status).toHaveText(/^Active · 90 days/);
    expect((await keyhold.verify(key)).status).toBe(200);
  });
});

test("the key page has two columns from 1100 px", async ({ page, account, keyPage }) => {
  await keyPage.openOf(account.key);
  for (const [width, columns] of [
    [1100, 2],
    [1099, 1],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    const calls = (await keyPage.calls.boundingBox())!;
    const properties = (await keyPage.properties.boundingBox())!;
    expect(properties.x > calls.x ? 2 : 1, `${width} px`).toBe(columns);
  }
});

test("there is one control for the expiration, whatever the state", async ({ page, account, keyPage }) => {
  await keyPage.openOf(account.key);
  await expect(expirationControls(page)).toHaveCount(1);
  await expect(keyPage.extend).toHaveText("Set expiration");
  // The present one is chosen until another is.
  await keyPage.extend.click();
  await expect(keyPage.extension.select).toHaveValue("never");
  await keyPage.extension.choose("30d");
  await keyPage.setExpiration.click();
  await expect(keyPage.status).toHaveText(/^Active · 30 days/);
  await expect(keyPage.extend).toHaveText("Extend");
  // The choices count from the new expiration now.
  await keyPage.setTo("+90");
  await expect(keyPage.status).toHaveText(/^Active · 120 days/);
  await expect(keyPage.extend).toBeFocused();
  await expect(expirationControls(page)).toHaveCount(1);

  await keyPage.expireNow.click();
  await expect(keyPage.status).toHaveText(/^Expired/);
  await expect(keyPage.restore).toBeVisible();
  await expect(expirationControls(page)).toHaveCount(1);
  await expect(keyPage.extend).toHaveCount(0);
  await expect(keyPage.expireNow).toHaveCount(0);
});

test("a key can be set to expire sooner, and the line says when", async ({ keyhold, account: _, functions, keyPage }) => {
  const key = await functions.createKey("Sooner", "90d");
  await keyPage.openOf(key);
  await keyPage.extend.click();
  // None of the days that are offered shortens its life: they count from its expiration.
  await expect(keyPage.extension.line).toHaveText(/^Expires \w{3} \d.*\sUTC, in 180 days\.$/);
  await expect(keyPage.extension.select.locator("option:checked")).toHaveText(/^\+90 days · \d+ \w{3} \d{4}$/);
  await keyPage.extension.choose("+30");
  await expect(keyPage.extension.line).toHaveText(/^Expires .*, in 120 days\.$/);
  await keyPage.extension.choose("never");
  await expect(keyPage.extension.line).toHaveText(/^Never expires\./);
  await expect(keyPage.extension.date).toBeHidden();
  await keyPage.extension.choose("2020-01-01");
  await expect(keyPage.extension.line).toHaveText(/in the past/);
  await keyPage.extension.choose(dayAhead(5));
  await expect(keyPage.extension.line).toHaveText(/^This shortens the key's life by 8\d days\. Expires .*, 23:59\sUTC, in [56] days\.$/);
  await keyPage.setExpiration.click();
  await expect(keyPage.toasts).toContainText("Sooner now expires");
  await expect(keyPage.extension.select).toBeHidden();
  expect((await keyhold.verify(key)).headers.get("x-keyhold-expires-at")).toBe(`${dayAhead(5)}T23:59:59.999Z`);

  await keyPage.undo.click();
  await expect(keyPage.status).toHaveText(/^Active · 90 days/);
});

test("a refused date is marked, has the focus, and stays", async ({ account, keyPage, watch }) => {
  watch.allow(/status of 422/);
  await keyPage.openOf(account.key);
  await keyPage.setTo("2020-01-01");
  await expect(keyPage.extension.date).toBeFocused();
  await expect(keyPage.extension.date).toHaveAttribute("aria-invalid", "true");
  await expect(keyPage.extension.date).toHaveAccessibleDescription(/in the past/);
  await expect(keyPage.extension.date).toHaveValue("2020-01-01");
  // Another choice takes the error away.
  await keyPage.extension.choose("90d");
  await expect(keyPage.extension.line).toHaveText(/, in 90 days\.$/);
});

test("an email's link to extend a key opens the control", async ({ page, account, keyPage }) => {
  await keyPage.openOf(account.key, "#extend");
  await expect(keyPage.extension.select).toBeVisible();
  await expect(keyPage.extend).toBeFocused();
  // A key that was restored elsewhere meanwhile.
  await page.goto("/");
  await keyPage.openOf(account.key, "#restore");
  await expect(keyPage.extension.select).toBeVisible();
});

test("the dialog of the deletion names the last use and the callers, and offers to expire first", async ({
  page,
  keyhold,
  account,
  functions,
  keyPage,
}) => {
  await keyPage.openOf(account.key);
  await expect(keyPage.deletion).toBeHidden();
  await keyPage.openDeletion();
  const dialog = page.getByRole("dialog", { name: /^Delete Default key ?\?$/ });
  await expect(dialog).toContainText("It has never been used.");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  for (const host of [1, 2]) await keyhold.call(account.key, `198.51.100.${host}`, "billing/2.4");
  await expect.poll(async () => (await functions.showKey(account.key)).callers.length).toBe(2);
  await page.goto("about:blank");
  await keyPage.openOf(account.key, "#delete");
  await expect(dialog).toContainText(/Last used (just now|\d+ s ago)\./);
  await expect(dialog.getByRole("listitem")).toHaveText([/198\.51\.100\.\d\s*billing\/2\.4/, /198\.51\.100\.\d\s*billing\/2\.4/]);
  expect(await top(keyPage.expireInstead)).toBeLessThan(await top(keyPage.confirmName));
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  expect((await keyhold.verify(account.key)).status).toBe(200);

  await keyPage.openDeletion();
  await keyPage.expireInstead.click();
  await expect(dialog).toBeHidden();
  await expect(keyPage.status).toHaveText(/^Expired/);
  await keyPage.openDeletion();
  await expect(keyPage.expireInstead).toHaveCount(0);
});

test("a key that is deleted in another tab becomes a deleted key here", async ({ page, account, functions, keyPage, watch }) => {
  watch.allow(/status of 404/);
  await keyPage.openOf(account.key);
  await functions.deleteKey(account.key);
  await keyPage.expireNow.click();
  await expect(keyPage.heading("Deleted key")).toBeVisible();
  await expect(page.getByText(/^You deleted Default key on .* UTC\.$/)).toBeVisible();
  await expect(page.getByRole("main").getByRole("button")).toHaveCount(0);
});

test("an undone edit is gone from the form too", async ({ account, keyPage }) => {
  await keyPage.openOf(account.key);
  await keyPage.description.fill("a mistake");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("saved.");
  await keyPage.undo.click();
  await expect(keyPage.description).toHaveValue("");
  await keyPage.description.fill("meant");
  await keyPage.save.click();
  await expect(keyPage.history.first()).toContainText("description");
  await expect(keyPage.toasts).toContainText("saved.");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the deletion is a section of the page", async ({ page, account, keyPage }) => {
    await page.goto(KeyPage.path(account.key));
    await expect(keyPage.confirmName).toBeVisible();
    await expect(page.getByRole("button", { name: "Cancel" })).toHaveCount(0);
    await keyPage.expireInstead.click();
    await expect(keyPage.status).toHaveText(/^Expired/);
    await expect(keyPage.restore).toBeVisible();
  });
});
