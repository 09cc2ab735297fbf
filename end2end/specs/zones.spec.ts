import { dayAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";
import { violations } from "../harness/look.ts";

// The browser is in Tokyo, the account in Los Angeles: the account's zone counts.
test.use({ timezoneId: "Asia/Tokyo", accountZone: "America/Los_Angeles" });

/** The instant of a local time in Los Angeles. */
function inLosAngeles(local: string): number {
  const guess = Date.parse(`${local}Z`);
  for (const hours of [7, 8]) {
    const instant = guess + hours * 3_600_000;
    const shown = new Date(instant).toLocaleString("sv", { timeZone: "America/Los_Angeles" }).replace(" ", "T");
    if (shown === local.slice(0, 19)) return instant;
  }
  throw new Error(`${local} does not occur in Los Angeles`);
}

test("a date means the end of that day in the account's zone", async ({ page, account: _, createPage, functions, keyhold, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  const day = dayAhead(20, "America/Los_Angeles");
  await createPage.open();
  await expect(createPage.expiration.select).toHaveAccessibleDescription(/\sP[SD]T,/);
  await createPage.name.fill("By day");
  await createPage.expiration.choose(day);
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();
  const key = await createPage.issued.read();
  const end = inLosAngeles(`${day}T23:59:59`) + 999;
  expect(Date.parse((await keyhold.verify(key)).headers.get("x-keyhold-expires-at") ?? "")).toBe(end);

  const expires = (await functions.showKey(key)).key.expires;
  expect(expires.text).toMatch(/23:59\sP[SD]T$/);
  await page.goto("/preferences/api-control");
  await expect(page.getByText(expires.text).first()).toBeVisible();
});

test("a time of day is in the account's zone", async ({ account: _, createPage, keyhold, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  const local = `${dayAhead(20, "America/Los_Angeles")}T09:15`;
  await createPage.open();
  await createPage.name.fill("By minute");
  await createPage.expiration.choose(local);
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();
  const key = await createPage.issued.read();
  const answer = await keyhold.verify(key);
  expect(Date.parse(answer.headers.get("x-keyhold-expires-at") ?? "")).toBe(inLosAngeles(`${local}:00`));
});

test("another zone shows the same instant in its local time", async ({ page, account: _, functions, accountPage, keyPage }) => {
  const day = dayAhead(30);
  const key = await functions.createKey("Noon", `${day}T12:00:00Z`);
  await keyPage.openOf(key);
  await expect(page.locator(`main time[datetime^="${day}T12:00:00"]`).first()).toContainText(/0[45]:00\sP[SD]T/);

  await accountPage.open();
  await expect(accountPage.timeZone).toHaveValue("America/Los_Angeles");
  await accountPage.timeZone.fill("Asia/Kolkata");
  await accountPage.save.click();
  await expect(accountPage.toasts).toContainText(/saved/i);
  await keyPage.openOf(key);
  await expect(page.locator(`main time[datetime^="${day}T12:00:00"]`).first()).toContainText(/17:30\sIST/);
});

test("a zone is found by its city, and by a name of before", async ({ account: _, accountPage, watch }) => {
  watch.allow(/status of 422/);
  await accountPage.open();
  for (const [typed, zone, description] of [
    ["berlin", "Europe/Berlin", /It's \d\d:\d\d there now \(UTC\+0[12]:00\)/],
    ["New York", "America/New_York", /UTC−0[45]:00/],
    ["Asia/Katmandu", "Asia/Kathmandu", /UTC\+05:45/],
  ] as const) {
    await accountPage.timeZone.fill(typed);
    await accountPage.save.click();
    await expect(accountPage.toasts).toContainText(/saved/i);
    await expect(accountPage.timeZone).toHaveValue(zone);
    await expect(accountPage.timeZone).toHaveAccessibleDescription(description);
  }
  await accountPage.timeZone.fill("Eastern");
  await accountPage.save.click();
  await expect(accountPage.timeZone).toHaveAccessibleDescription("Which one? America/New_York or America/Toronto?");
  await expect(accountPage.timeZone).toHaveValue("Eastern");
  await expect(accountPage.timeZone).toBeFocused();
  await expect(accountPage.timeZone).not.toHaveAttribute("list");
  const options = accountPage.page.locator("#time-zones option");
  expect(await options.count()).toBeGreaterThan(400);
  await expect(accountPage.page.locator('#time-zones option[value="Asia/Kolkata"]')).toHaveAttribute("label", /^Kolkata · UTC\+05:30 · \d\d:\d\d$/);
});

test("the field for a time zone lists cities with their offset and time, and says those of the chosen one", async ({ page, account: _, accountPage }) => {
  await accountPage.open();
  const { timeZone } = accountPage;
  await timeZone.fill("kolk");
  const options = page.getByRole("listbox", { name: "Cities" }).getByRole("option");
  await expect(options).toHaveText([/^Kolkata.*UTC\+05:30 · \d\d:\d\d$/]);
  expect(await violations(page)).toEqual([]);
  await timeZone.press("Enter");
  await expect(timeZone).toHaveValue("Asia/Kolkata");
  await expect(options).toHaveCount(0);
  await expect(timeZone).toHaveAccessibleDescription(/^It's \d\d:\d\d there now \(UTC\+05:30\)\./);
  // The places around it, with a pointer.
  await timeZone.click();
  await options.filter({ hasText: "Kathmandu" }).click();
  await expect(timeZone).toHaveValue("Asia/Kathmandu");
  await expect(timeZone).toHaveAccessibleDescription(/UTC\+05:45/);
  await timeZone.press("ArrowDown");
  await expect(options.filter({ hasText: "Kathmandu" })).toHaveAttribute("aria-selected", "true");
  await timeZone.press("Escape");
  await expect(options).toHaveCount(0);
  await accountPage.save.click();
  await expect(accountPage.toasts).toHaveText("Preferences saved.");
  await page.goto("/preferences/notices");
  await expect(page.getByText("All dates are in Asia/Kathmandu (now UTC+05:45).")).toBeVisible();
});
