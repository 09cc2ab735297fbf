import type { Issued } from "../harness/account.ts";
import { dayAhead, minutesAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";

test("there is no banner while no key needs attention", async ({ account: _, dashboard }) => {
  await dashboard.open();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  await expect(dashboard.banner).toHaveCount(0);
});

test("the banner lists failing and expiring keys, and extends them in place", async ({
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

  // The choices of a key that works count from its expiration; each has its date.
  await expect(dashboard.extension("Over").locator("option:checked")).toHaveText(/^In 90 days · \d+ \w{3} \d{4}$/);
  const year = dashboard.extension("Soon").getByText(/^\+365 days · \d+ \w{3} \d{4}$/);
  await dashboard.extension("Soon").selectOption(await year.getAttribute("value"));
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

test("the banner shows three keys, and a link to the others", async ({ account: _, functions, dashboard, apiControl }) => {
  for (let day = 1; day <= 7; day += 1) await functions.createKey(`Day ${day}`, dayAhead(day));
  await dashboard.open();
  await expect(dashboard.banner).toContainText("7 keys expire within the next 14 days.");
  await expect(dashboard.banner.getByRole("listitem")).toHaveCount(3);
  await expect(dashboard.banner).toContainText("Day 3");
  await expect(dashboard.banner).not.toContainText("Day 4");
  await dashboard.banner.getByRole("link", { name: "and 4 more" }).click();
  await expect(apiControl.names()).toHaveText([1, 2, 3, 4, 5, 6, 7].map((day) => `Day ${day}`));
});

test("ten retired keys leave the Dashboard calm", async ({ page, keyhold, account: _, functions, dashboard }) => {
  for (let number = 0; number < 10; number += 1) {
    await functions.expireKey(await functions.createKey(`Retired ${number}`));
  }
  await dashboard.open();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  await expect(dashboard.banner).toHaveCount(0);
  await expect(page.getByRole("main").locator(".pill, .alarm")).toHaveCount(0);
  // One of them is still called: an alarm again.
  const used = await functions.createKey("Still used");
  await functions.expireKey(used);
  expect(await keyhold.call(used, "192.0.2.1", "curl/8.5.0")).toBe(401);
  await expect(async () => {
    await dashboard.open();
    await expect(dashboard.warning("Still used")).toContainText("1 caller still fails", { timeout: 500 });
  }).toPass();
  await expect(dashboard.banner).toContainText("1 expired key is still called.");
  await expect(dashboard.banner.getByRole("listitem")).toHaveCount(1);
});

test("failing keys come first, then the next to expire", async ({ keyhold, account: _, functions, dashboard }) => {
  const failing = await functions.createKey("Failing");
  await functions.createKey("Next", minutesAhead(50));
  await functions.createKey("Later", dayAhead(9));
  await functions.expireKey(failing);
  expect(await keyhold.call(failing, "192.0.2.1", "curl/8.5.0")).toBe(401);
  const lines = dashboard.banner.getByRole("listitem");
  await expect(async () => {
    await dashboard.open();
    await expect(lines).toHaveCount(3, { timeout: 500 });
  }).toPass();
  for (const [index, name] of ["Failing", "Next", "Later"].entries()) await expect(lines.nth(index)).toContainText(name);
  await expect(dashboard.banner).toHaveClass(/red/);
  // A coloured edge, on the ground of any card.
  const look = (part: typeof dashboard.banner) =>
    part.evaluate((element) => [getComputedStyle(element).backgroundColor, getComputedStyle(element).borderLeftColor]);
  const [ground, edge] = await look(dashboard.banner);
  const [plain, none] = await look(dashboard.ahead);
  expect(ground).toBe(plain);
  expect(edge).not.toBe(none);
});

test("only the banner's sentence is announced", async ({ account: _, functions, dashboard }) => {
  await functions.createKey("Soon", dayAhead(2));
  await dashboard.open();
  await expect(dashboard.banner).toHaveAttribute("role", "status");
  await expect(dashboard.banner).toHaveAttribute("aria-live", "off");
  await expect(dashboard.banner.locator("[aria-live=polite]")).toHaveText("1 key expires within the next 14 days.");
  await expect(dashboard.banner.locator("[aria-live=polite]").getByRole("button")).toHaveCount(0);
});

test("a snoozed key leaves the banner until its day, or until it is shown again", async ({
  account: _,
  functions,
  dashboard,
}) => {
  await functions.createKey("Soon", dayAhead(3));
  await functions.createKey("Later", dayAhead(9));
  await dashboard.open();
  await dashboard.snooze("Soon", "1 day");
  await expect(dashboard.toasts).toContainText("Soon is snoozed until");
  // The line stays, with Undo, until the page is left.
  await expect(dashboard.undoIn("Soon")).toBeVisible();
  await expect(dashboard.banner).toContainText("1 key expires within the next 14 days.");
  await dashboard.undoIn("Soon").click();
  await expect(dashboard.extend("Soon")).toBeVisible();
  await expect(dashboard.banner).toContainText("2 keys expire within the next 14 days.");

  await dashboard.snooze("Soon", "Until it expires");
  await expect(dashboard.undoIn("Soon")).toBeVisible();
  await dashboard.reload();
  await expect(dashboard.warning("Soon")).toHaveCount(0);
  await expect(dashboard.warning("Later")).toBeVisible();
  await dashboard.snoozedKeys.getByText("1 snoozed key").click();
  await expect(dashboard.snoozedKeys).toContainText(/Soon.*until/s);
  await dashboard.snoozedKeys.getByRole("button", { name: "Show again" }).click();
  await expect(dashboard.snoozedKeys).toHaveCount(0);
  await dashboard.reload();
  await expect(dashboard.warning("Soon")).toBeVisible();
});

test("a key is snoozed until a date of one's choice", async ({ account: _, functions, dashboard }) => {
  await functions.createKey("Soon", dayAhead(9));
  await dashboard.open();
  const line = dashboard.warning("Soon");
  await line.locator("summary").click();
  const date = line.getByLabel("Snooze Soon until");
  await expect(date).toHaveAttribute("min", dayAhead(1));
  await line.getByRole("button", { name: "Snooze" }).click();
  // The browser itself asks for the date.
  await expect(date).toBeFocused();
  await expect(line.locator("details")).toHaveAttribute("open", "");
  await date.fill(dayAhead(4));
  await expect(line.locator(".echo")).toHaveText(/^Until \w{3} \d+ \w{3} \d{4}, 00:00\sUTC, in [34] days\.$/);
  await line.getByRole("button", { name: "Snooze" }).click();
  await expect(dashboard.toasts).toContainText(/Soon is snoozed until .*, 00:00 UTC\./);
});

test("the warning window decides which keys are listed", async ({ account: _, functions, dashboard }) => {
  await functions.createKey("In a month", "30d");
  await dashboard.open();
  await expect(dashboard.banner).toHaveCount(0);
  await functions.savePreferences("UTC", 60);
  await dashboard.reload();
  await expect(dashboard.warning("In a month")).toBeVisible();
});

test("the next twelve months are a strip with a list", async ({ page, account: _, functions, dashboard }) => {
  await dashboard.open();
  await expect(dashboard.ahead).toContainText("No active key has an expiration.");
  await functions.createKey("Payroll", dayAhead(5));
  await functions.createKey("Partner", "200d");
  await dashboard.reload();
  const strip = dashboard.ahead.getByRole("img");
  await expect(strip).toHaveAccessibleName(/^2 keys expire in the next 12 months, .* listed below\.$/);
  await expect(strip.locator("rect")).toHaveCount(2);
  await expect(strip.locator("text.week")).toHaveText(["1", "1"]);
  const bars = dashboard.ahead.getByRole("link", { name: /: 1 key$/ });
  await expect(bars).toHaveCount(2);
  await bars.first().hover();
  const tip = () => bars.first().evaluate((bar) => getComputedStyle(bar, "::after").content);
  expect(await tip()).toMatch(/ – .*: 1 key/);
  // The last week can begin another month.
  expect([12, 13]).toContain(await strip.locator("text.month").count());
  const list = dashboard.ahead.getByRole("list", { name: "Next expirations" }).getByRole("listitem");
  await expect(list).toHaveCount(2);
  await expect(list.first()).toContainText(/Payroll.*in \d days/s);
  await bars.first().press("Enter");
  await expect(page).toHaveURL(/api-control\?sort=expires$/);
});

test("a heap is spread out over the days before it, and that is undone", async ({
  page,
  keyhold,
  account: _,
  functions,
  dashboard,
}) => {
  const day = dayAhead(60);
  const keys: Issued[] = [];
  for (let number = 0; number < 7; number += 1) keys.push(await functions.createKey(`Key ${number}`, day));
  await dashboard.open();
  await expect(dashboard.ahead.getByText("7 keys expire on")).toBeVisible();
  await dashboard.ahead.getByRole("link", { name: /^Stagger/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Stagger expirations");
  const rows = page.getByRole("main").locator("tbody tr");
  await expect(rows).toHaveCount(7);
  await page.getByRole("link", { name: "3 days", exact: true }).click();
  await expect(rows).toHaveCount(3);
  await expect(rows.last()).toContainText("Key 6");
  await page.getByRole("button", { name: "Spread over 3 days" }).click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  await expect(page.getByText("The keys are spread over several days now.")).toBeVisible();
  const ends = async () => {
    const shown = await Promise.all(keys.map((key) => keyhold.verify(key)));
    return shown.map((answer) => answer.headers.get("x-keyhold-expires-at")?.slice(0, 10));
  };
  expect(new Set(await ends())).toEqual(new Set([dayAhead(58), dayAhead(59), day]));
  await dashboard.undo.click();
  await expect.poll(async () => new Set(await ends())).toEqual(new Set([day]));
});

test("a new account is led through its first steps, and the first call is seen by itself", async ({
  keyhold,
  account,
  functions,
  dashboard,
}) => {
  await dashboard.open();
  await expect(dashboard.steps).toContainText("0 of 5 done");
  await expect(dashboard.step("Copy your key")).toContainText(account.key.access_key);
  await expect(dashboard.step("Make the first call")).toContainText("Waiting for the first call");
  await expect(dashboard.step("Confirm your address").getByRole("button", { name: "Send again" })).toBeVisible();
  // Asked for once, not in a note of its own too.
  await expect(dashboard.page.getByTestId("address-note")).toHaveCount(0);
  expect(await keyhold.call(account.key, "192.0.2.1", "curl/8.5.0")).toBe(200);
  await expect(dashboard.step("Make the first call")).toHaveClass(/done/, { timeout: 15_000 });
  await expect(dashboard.steps).toContainText("2 of 5 done");
  await functions.createKey("Billing");
  await dashboard.reload();
  await expect(dashboard.step("Name a key")).toHaveClass(/done/);
  await dashboard.steps.getByRole("button", { name: "Dismiss" }).click();
  await expect(dashboard.steps).toHaveCount(0);
  await expect(dashboard.page.getByTestId("address-note")).toBeVisible();
  await dashboard.reload();
  await expect(dashboard.steps).toHaveCount(0);
});

test("on a phone the banner leaves room for the rest", async ({ page, account: _, functions, dashboard }) => {
  await functions.post("account/dismiss-steps", {});
  for (let day = 1; day <= 5; day += 1) await functions.createKey(`Day ${day}`, dayAhead(day));
  await page.setViewportSize({ width: 360, height: 740 });
  await dashboard.open();
  const box = await dashboard.banner.boundingBox();
  expect(box?.height).toBeLessThan(450);
});

test("an account without keys sees where to start", async ({ page, account, functions, dashboard, createPage }) => {
  await functions.deleteKey(account.key);
  await dashboard.open();
  await page.getByRole("main").getByRole("link", { name: /^Create/ }).first().click();
  await expect(createPage.heading("Create key")).toBeVisible();
});

test("the table is fetched again as the remaining time gets shorter, and when it is over", async ({
  page,
  account: _,
  functions,
  apiControl,
}) => {
  await functions.createKey("Short-lived", minutesAhead(20));
  await page.clock.install();
  await apiControl.open();
  await expect(apiControl.row("Short-lived")).toContainText("Expires in");
  for (const time of ["01:00", "20:00"]) {
    // The server tells the time, and its clock does not jump along with the browser's.
    const again = page.waitForRequest(/keys\/table/);
    await page.clock.fastForward(time);
    await again;
  }
});

test("the second press of a double click extends no other key", async ({ account: _, functions, dashboard, keyhold }) => {
  const first = await functions.createKey("First", dayAhead(2));
  const second = await functions.createKey("Second", dayAhead(3));
  await dashboard.open();
  const days = async () => {
    const ends = await Promise.all([first, second].map((key) => keyhold.verify(key)));
    return ends.map((answer) => Math.round((Date.parse(answer.headers.get("x-keyhold-expires-at") ?? "") - Date.now()) / 86_400_000));
  };
  await dashboard.extend("First").dblclick();
  // The line stays where it is, with its new date and Undo, and is still there after a change elsewhere.
  await expect(dashboard.undoIn("First")).toBeVisible();
  await expect(dashboard.warning("First")).toContainText(/in 9[23] days/);
  await expect(dashboard.toasts).toContainText(/First now expires .*in 9[23] days/);
  const extended = await days();
  expect([92, 93]).toContain(extended[0]);
  expect(extended[1]).toBeLessThan(5);
  await dashboard.undoIn("First").click();
  await expect(dashboard.extend("First")).toBeVisible();
  await expect(dashboard.warning("First")).not.toContainText(/in 9[23] days/);
  expect((await days())[0]).toBeLessThan(5);
});

test("the message's Undo brings a line back too", async ({ account: _, functions, dashboard }) => {
  await functions.createKey("Soon", dayAhead(2));
  await dashboard.open();
  await dashboard.extend("Soon").click();
  await expect(dashboard.undoIn("Soon")).toBeVisible();
  // Where the focus goes when the pressed button is gone.
  await expect(dashboard.toasts.getByRole("button", { name: "Undo" })).toBeFocused();
  await dashboard.toasts.getByRole("button", { name: "Undo" }).click();
  await expect(dashboard.extend("Soon")).toBeVisible();
  await expect(dashboard.banner).toContainText("1 key expires within the next 14 days.");
});

test("a key that expires while the Dashboard is open turns the banner red", async ({ account: _, functions, dashboard }) => {
  await functions.createKey("Dying", new Date(Date.now() + 12_000).toISOString());
  await dashboard.open();
  await expect(dashboard.extend("Dying")).toHaveText(/^Extend/);
  await expect(dashboard.banner).toHaveClass(/amber/);
  await expect(dashboard.banner).toHaveClass(/red/, { timeout: 20_000 });
  await expect(dashboard.banner).toContainText("1 key has expired.");
  await expect(dashboard.extend("Dying")).toHaveText(/^Restore/);
});

test("an unconfirmed address is in sight, with ways to confirm or correct it", async ({ page, account, functions, dashboard, mailbox }) => {
  await functions.post("account/dismiss-steps", {});
  await mailbox.wait(account.email, /^Confirm your/);
  await dashboard.open();
  const note = page.getByTestId("address-note");
  await expect(note).toContainText(`${account.email} isn't confirmed yet.`);
  await note.getByRole("button", { name: "Send again" }).click();
  await expect(dashboard.toasts).toContainText("We sent you a new link.");
  await note.getByRole("link", { name: "Wrong address?" }).click();
  await expect(page).toHaveURL(/\/preferences\/account#address$/);
  await expect(page.locator("#address")).toBeInViewport();
});

test("a copy button of the first steps copies", async ({ page, context, account, dashboard }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await dashboard.open();
  const button = dashboard.step("Copy your key").getByRole("button", { name: "Copy access key" });
  await button.click();
  await expect(dashboard.step("Copy your key").getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(account.key.access_key);
});

test("no name breaks a line of the Dashboard", async ({ page, account: _, functions, dashboard }) => {
  await functions.post("account/dismiss-steps", {});
  for (let day = 1; day <= 3; day += 1) await functions.createKey(`<b>${day}</b>${"W".repeat(70)}`, dayAhead(day));
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await dashboard.open();
    const names = dashboard.banner.locator(".what > a");
    await expect(names).toHaveCount(3);
    for (const box of await Promise.all((await names.all()).map((name) => name.boundingBox()))) expect(box?.height).toBeLessThan(26);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
});
