import { dayAhead, minutesAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";

test("there is no banner while no key needs attention", async ({ account: _, dashboard }) => {
  await dashboard.open();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  await expect(dashboard.banner).toHaveCount(0);
});

test("the banner lists expiring keys, soonest first, and extends them in place", async ({
  keyhold,
  account: _,
  functions,
  dashboard,
}) => {
  const later = await functions.createKey("Later", dayAhead(9));
  const soon = await functions.createKey("Soon", dayAhead(2));
  const over = await functions.createKey("Over", "never");
  await functions.createKey("Far away", "365d");
  await functions.expireKey(over);
  // A retired key matters only while a program still calls with it.
  expect(await keyhold.verify(over)).toMatchObject({ code: "key_expired" });

  const lines = dashboard.banner.getByRole("listitem");
  await expect(async () => {
    await dashboard.open();
    await expect(lines).toHaveCount(3, { timeout: 500 });
  }).toPass();
  await expect(dashboard.banner).toHaveAttribute("role", "status");
  await expect(lines.nth(0)).toContainText("Over");
  await expect(lines.nth(1)).toContainText("Soon");
  await expect(lines.nth(1)).toContainText(/in \d days?/);
  await expect(lines.nth(2)).toContainText("Later");

  await dashboard.extension("Soon").selectOption("365d");
  await dashboard.extend("Soon").click();
  await expect(dashboard.toasts).toContainText("Soon");
  await expect(dashboard.warning("Soon").getByRole("button", { name: "Undo" })).toBeVisible();
  await expect(lines).toHaveCount(3);
  const expires = Date.parse((await keyhold.verify(soon)).headers.get("x-keyhold-expires-at") ?? "");
  expect(expires).toBeGreaterThan(Date.now() + 364 * 86_400_000);

  expect(await keyhold.verify(over)).toMatchObject({ code: "key_expired" });
  await dashboard.extend("Over").click();
  await expect(dashboard.warning("Over").getByRole("button", { name: "Undo" })).toBeVisible();
  expect((await keyhold.verify(over)).status).toBe(200);

  await dashboard.extension("Later").selectOption("never");
  await dashboard.extend("Later").click();
  await expect(dashboard.banner).toContainText("No keys need attention.");
  expect((await keyhold.verify(later)).headers.has("x-keyhold-expires-at")).toBe(false);
  await dashboard.reload();
  await expect(dashboard.banner).toHaveCount(0);
});

test("the banner shows five keys and the number of the others", async ({ account: _, functions, dashboard }) => {
  for (let day = 1; day <= 8; day += 1) await functions.createKey(`Day ${day}`, dayAhead(day));
  await dashboard.open();
  await expect(dashboard.banner).toContainText("Day 5");
  await expect(dashboard.banner).not.toContainText("Day 6");
  await expect(dashboard.banner).toContainText("3 more");
});

test("the warning window decides which keys are listed", async ({ account: _, functions, dashboard }) => {
  await functions.createKey("In a month", "30d");
  await dashboard.open();
  await expect(dashboard.banner).toHaveCount(0);
  await functions.savePreferences("UTC", 60);
  await dashboard.reload();
  await expect(dashboard.warning("In a month")).toBeVisible();
});

test("counts, the time line and the newest keys", async ({ page, account: _, functions, dashboard }) => {
  await functions.createKey("Payroll", dayAhead(5));
  await functions.expireKey(await functions.createKey("Retired", "never"));
  await dashboard.open();
  const main = page.getByRole("main");
  for (const status of ["active", "expiring_soon", "expired"]) {
    await expect(main.locator(`a[href*="status=${status}"]`).first()).toContainText("1");
  }
  // The time line is an image; the list under it has the same content as text.
  const next = main.getByRole("region", { name: "Next expirations" });
  await expect(next.getByRole("img")).toHaveAccessibleName(/next expirations/);
  await expect(next.getByRole("listitem")).toHaveCount(1);
  await expect(next.getByRole("listitem")).toContainText(/Payroll.*Expiring soon/s);
  const newest = main.getByRole("region", { name: "Newest keys" }).getByRole("listitem");
  await expect(newest).toHaveCount(3);
  await expect(newest.first()).toContainText("Retired");
});

test("an account without keys sees where to start", async ({ page, account, functions, dashboard, createPage }) => {
  await functions.deleteKey(account.key);
  await dashboard.open();
  await page.getByRole("main").getByRole("link", { name: /^Create/ }).first().click();
  await expect(createPage.heading("Create key")).toBeVisible();
});

test("within the last hour the remaining time counts down, and the status changes by itself", async ({
  page,
  account: _,
  functions,
  apiControl,
}) => {
  await functions.createKey("Short-lived", minutesAhead(20));
  await page.clock.install();
  await apiControl.open();
  const row = apiControl.row("Short-lived");
  await expect(row).toContainText("Expires in");
  const before = await row.locator(".relative").last().innerText();
  await page.clock.fastForward("05:00");
  await expect(row.locator(".relative").last()).not.toHaveText(before);
  await page.clock.fastForward("16:00");
  await expect(row).toContainText("Expired");
});
