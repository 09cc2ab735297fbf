import type { Page } from "@playwright/test";

import { dayAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";

/** Reloads a page until it shows the latest calls, which are written within a second. */
async function soon(page: Page, tells: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await page.reload();
    await tells();
  }).toPass({ intervals: [100, 250, 500] });
}

const QUICK = { timeout: 250 };

test("the list shows when a key was last used, and sorts by it", async ({
  page,
  keyhold,
  account: _,
  functions,
  apiControl,
}) => {
  const rare = await functions.createKey("Rare");
  const busy = await functions.createKey("Busy");
  await apiControl.open();
  for (const name of ["Rare", "Busy", "Default key"]) await expect(apiControl.lastUse(name)).toHaveText("Never");

  expect(await keyhold.call(rare, "192.0.2.1", "curl/8.5.0")).toBe(200);
  await soon(page, () => expect(apiControl.lastUse("Rare")).toHaveText(/just now|s ago/, QUICK));
  expect(await keyhold.call(busy, "192.0.2.1", "curl/8.5.0")).toBe(200);
  await soon(page, () => expect(apiControl.lastUse("Busy")).toHaveText(/just now|s ago/, QUICK));
  const instant = await apiControl.lastUse("Busy").locator("time").getAttribute("datetime");
  expect(Math.abs(Date.now() - Date.parse(instant ?? ""))).toBeLessThan(60_000);

  await apiControl.open("?sort=-used");
  await expect(apiControl.names()).toHaveText(["Busy", "Rare", "Default key"]);
  await apiControl.head("Last used").getByRole("link").click();
  await expect(apiControl.head("Last used")).toHaveAttribute("aria-sort", "ascending");
  await expect(apiControl.names()).toHaveText(["Default key", "Rare", "Busy"]);
  await expect(page).toHaveURL(/sort=used/);
});

test("a key's page and the Dashboard count its calls and name its callers", async ({
  page,
  keyhold,
  account: _,
  functions,
  dashboard,
  keyPage,
}) => {
  const key = await functions.createKey("Counted");
  await keyPage.openOf(key);
  await expect(keyPage.calls).toContainText("No calls in the last 30 days.");
  await expect(keyPage.calls.getByRole("img")).toHaveCount(0);
  await expect(keyPage.callers).toContainText("No calls with this key yet");

  const hostile = `<img src=x onerror="document.title='no'">${" very long".repeat(12)}`;
  for (let n = 0; n < 3; n += 1) await keyhold.call(key, "192.0.2.7", "curl/8.5.0");
  await keyhold.call(key, "2001:db8::7", hostile);
  await functions.expireKey(key);
  expect(await keyhold.call(key, "192.0.2.7", "curl/8.5.0")).toBe(401);

  await soon(page, async () => {
    await expect(keyPage.calls.getByRole("img")).toHaveAccessibleName(/ 4 accepted, 1 refused, most on .* with 5\./, QUICK);
  });
  await expect(keyPage.calls).toContainText("4 accepted");
  await expect(keyPage.calls).toContainText("1 refused: key expired");
  await keyPage.calls.getByText("Numbers per day").click();
  await expect(keyPage.calls.getByRole("row").last()).toHaveText(/ \w{3}41$/);
  // The sentence says it all: the bars are nothing to a screen reader.
  await expect(keyPage.calls.locator("svg")).toHaveAttribute("aria-hidden", "true");

  // The range is in the address, so that Back and a reload keep it.
  await keyPage.calls.getByRole("link", { name: "24 hours" }).click();
  await expect(page).toHaveURL(/\?calls=24h$/);
  await expect(keyPage.calls.getByRole("img")).toHaveAccessibleName(/^Calls per hour in the last 24 hours: 4 accepted, 1 refused/);
  await page.goBack();
  await expect(keyPage.calls.getByRole("img")).toHaveAccessibleName(/^Calls per day in the last 30 days/);

  const callers = keyPage.callers.getByRole("listitem");
  await expect(callers).toHaveCount(2);
  await expect(callers.nth(0)).toContainText("192.0.2.7");
  await expect(callers.nth(0)).toContainText("curl/8.5.0");
  await expect(callers.nth(0)).toContainText("Refused: expired");
  await expect(callers.nth(0)).toContainText(/just now|s ago/);
  await expect(callers.nth(1)).toContainText("2001:db8::7");
  await expect(callers.nth(1)).toContainText("<img src=x onerror=");
  await expect(callers.nth(1)).not.toContainText("Refused");
  await expect(page).toHaveTitle(/Counted/);

  await dashboard.open();
  await expect(dashboard.calls.getByRole("img")).toHaveAccessibleName(/last 14 days: 4 accepted, 1 refused/);
});

test("an expired key that is still called raises an alarm until it is restored", async ({
  page,
  keyhold,
  account: _,
  functions,
  dashboard,
  keyPage,
}) => {
  const cron = await functions.createKey("billing-cron");
  await functions.createKey("Tomorrow", dayAhead(1));
  await functions.expireKey(cron);
  await functions.expireKey(await functions.createKey("Unmissed"));
  await dashboard.open();
  await expect(dashboard.warning("billing-cron")).toHaveCount(0);

  for (const host of [1, 2, 3]) expect(await keyhold.call(cron, `198.51.100.${host}`, "billing/2.4")).toBe(401);
  const words = /^billing-cron +expired (just now|\d+ s ago); 3 callers still fail, last (just now|\d+ s ago)/;
  await soon(page, () => expect(dashboard.warning("billing-cron")).toHaveText(words, QUICK));
  const lines = dashboard.banner.getByRole("listitem");
  // One that was expired manually and is silent is no alarm.
  await expect(lines).toHaveCount(2);
  await expect(lines.first()).toContainText("billing-cron");
  const refused = dashboard.calls.getByRole("list", { name: "Refused calls by key" });
  await expect(refused.getByRole("listitem")).toHaveText(/billing-cron\s*3 refused/);

  await keyPage.openOf(cron);
  await expect(keyPage.alarm).toHaveText(/3 callers still fail, last (just now|\d+ s ago)/);

  await dashboard.open();
  await dashboard.extend("billing-cron").click();
  // The line stays, with Undo, until the page is left.
  await expect(dashboard.warning("billing-cron").getByRole("button", { name: "Undo" })).toBeVisible();
  await expect(dashboard.warning("billing-cron")).not.toContainText("fail");
  expect(await keyhold.call(cron, "198.51.100.1", "billing/2.4")).toBe(200);
  await keyPage.openOf(cron);
  await expect(keyPage.alarm).toHaveCount(0);
  const caller = keyPage.callers.getByRole("listitem").filter({ hasText: "198.51.100.1" });
  await soon(page, () => expect(caller).not.toContainText("Refused", QUICK));

  // Calls rejected before the restore do not count again.
  await functions.expireKey(cron);
  await dashboard.open();
  await expect(dashboard.warning("Tomorrow")).toBeVisible();
  await expect(dashboard.warning("billing-cron")).toHaveCount(0);
});
