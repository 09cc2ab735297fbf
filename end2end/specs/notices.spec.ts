import ICAL from "ical.js";

import { dayAhead } from "../harness/days.ts";
import { linkTo } from "../harness/mail.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

/** Subjects of mails. */
const EXPIRED = /^1 API key has expired: /;
const CONFIRM = /^Confirm your/;
const CONFIRM_SECOND = /^Confirm that/;

test("chosen stages are saved, and choosing none shows a warning", async ({ account: _, noticesPage }) => {
  await noticesPage.open();
  const all = noticesPage.stages.getByRole("checkbox");
  await expect(all).toHaveCount(7);
  for (const box of await all.all()) await expect(box).toBeChecked();
  await noticesPage.stage("30 days before").uncheck();
  await noticesPage.stage("1 day after").uncheck();
  await noticesPage.saveChoice.click();
  await expect(noticesPage.toasts).toContainText("Notice settings saved.");
  await noticesPage.reload();
  await expect(noticesPage.stage("30 days before")).not.toBeChecked();
  await expect(noticesPage.stage("14 days before")).toBeChecked();
  await expect(noticesPage.stage("1 day after")).not.toBeChecked();

  const warning = noticesPage.stages.getByText("we send no email when a key expires");
  await expect(warning).toBeHidden();
  for (const box of await all.all()) await box.uncheck();
  await expect(warning).toBeVisible();
  await noticesPage.saveChoice.click();
  await expect(noticesPage.toasts).toContainText("Notice settings saved.");
  await noticesPage.reload();
  await expect(warning).toBeVisible();
});

test("a stage that is not chosen is not sent", async ({ account, functions, noticesPage, mailbox }) => {
  await noticesPage.open();
  await noticesPage.stage("When it expires").uncheck();
  await noticesPage.saveChoice.click();
  await expect(noticesPage.toasts).toContainText("saved");
  await functions.expireKey(await functions.createKey("Unheard"));
  await noticesPage.reload();
  await noticesPage.stage("When it expires").check();
  await noticesPage.saveChoice.click();
  await expect(noticesPage.toasts).toContainText("saved");
  await functions.expireKey(await functions.createKey("Heard"));
  await mailbox.wait(account.email, /Heard/);
  expect(await mailbox.to(account.email, /Unheard/)).toEqual([]);
  await noticesPage.reload();
  await expect(noticesPage.mail("Unheard")).toHaveCount(0);
});

test("the button on the page of the mail's link confirms the account's address", async ({
  page,
  account,
  noticesPage,
  linkPage,
  mailbox,
  watch,
}) => {
  watch.allow(/status of 410/);
  await noticesPage.open();
  const own = noticesPage.recipient(account.email);
  await expect(own).toContainText("Not confirmed yet");
  await expect(noticesPage.mail("Link to confirm your address")).toContainText("Sent");
  const first = linkTo(await mailbox.wait(account.email, CONFIRM), "confirm");
  await noticesPage.resend.click();
  await expect(noticesPage.toasts).toContainText("We sent a new link");
  const link = linkTo(await mailbox.wait(account.email, CONFIRM, 2), "confirm");

  await page.goto(first);
  await expect(linkPage.gone).toBeVisible();
  await page.goto(link);
  await expect(page.getByRole("main")).toContainText(account.email);
  await noticesPage.open();
  await expect(own).toContainText("Not confirmed yet");
  await page.goto(link);
  await linkPage.confirm.click();
  await expect(page).toHaveURL(/\/confirm\?done=confirmed$/);
  await page.getByRole("main").getByRole("link", { name: "Notices" }).click();
  await expect(own).toContainText("Confirmed");
  await expect(noticesPage.resend).toHaveCount(0);
});

test("a second recipient gets no mail before it is confirmed, and none after it is removed", async ({
  page,
  browser,
  keyhold,
  account,
  functions,
  noticesPage,
  linkPage,
  mailbox,
  watch,
}) => {
  watch.allow(/status of 422/);
  const team = `team.${account.email}`;
  await noticesPage.open();
  await noticesPage.address.fill("the team");
  await noticesPage.add.click();
  await expect(noticesPage.address).toHaveAccessibleDescription(/n't an email address/);
  await noticesPage.address.fill(account.email);
  await noticesPage.add.click();
  await expect(noticesPage.address).toHaveAccessibleDescription(/own address/);
  await noticesPage.address.fill(team);
  await noticesPage.add.click();
  await expect(noticesPage.recipient(team)).toContainText("Not confirmed yet");

  await functions.expireKey(await functions.createKey("Before"));
  await mailbox.wait(account.email, EXPIRED);
  const link = linkTo(await mailbox.wait(team, CONFIRM_SECOND), "confirm");
  expect(await mailbox.to(team, EXPIRED)).toEqual([]);

  // The link is opened without a session, by another person, perhaps after a scanner.
  const elsewhere = await browser.newContext({ baseURL: keyhold.url });
  for (let scan = 0; scan < 2; scan += 1) expect((await elsewhere.request.get(link)).status()).toBe(200);
  await noticesPage.reload();
  await expect(noticesPage.recipient(team)).toContainText("Not confirmed yet");
  const theirs = await elsewhere.newPage();
  await theirs.goto(link);
  await expect(theirs.getByRole("main")).toContainText(account.email);
  await theirs.getByRole("button", { name: "Receive the notices" }).click();
  await expect(theirs.getByText("Saved. You can close this page.")).toBeVisible();
  expect((await theirs.goto(link))?.status()).toBe(410);
  await elsewhere.close();

  await noticesPage.reload();
  await expect(noticesPage.recipient(team)).toContainText("Confirmed");
  await functions.expireKey(await functions.createKey("Between"));
  const notice = await mailbox.wait(team, EXPIRED);
  await mailbox.wait(account.email, EXPIRED, 2);

  await noticesPage.reload();
  await noticesPage.remove.click();
  await expect(noticesPage.toasts).toHaveText("The second recipient gets no more notices.");
  await expect(noticesPage.address).toHaveValue("");
  await functions.expireKey(await functions.createKey("After"));
  await mailbox.wait(account.email, EXPIRED, 3);
  expect(await mailbox.to(team, EXPIRED)).toHaveLength(1);
  await noticesPage.address.fill(team);
  await noticesPage.add.click();
  await expect(noticesPage.recipient(team)).toContainText("Not confirmed yet");

  // A recipient without an account can end the notices.
  await page.goto(linkTo(await mailbox.wait(team, CONFIRM_SECOND, 2), "confirm"));
  await linkPage.confirm.click();
  await expect(page).toHaveURL(/\/confirm\?done=confirmed$/);
  await page.goto(linkTo(notice, "confirm"));
  await expect(page.getByRole("main")).toContainText(account.email);
  await page.getByRole("button", { name: "Stop the notices" }).click();
  await expect(page.getByText("Saved. You can close this page.")).toBeVisible();
  await noticesPage.open();
  await expect(noticesPage.address).toBeVisible();
});

test("an expired key causes a mail; log, banner and mail agree", async ({
  page,
  keyhold,
  account,
  functions,
  noticesPage,
  dashboard,
  keyPage,
  mailbox,
}) => {
  const key = await functions.createKey("billing-cron");
  await keyPage.openOf(key);
  await keyPage.expireNow.click();
  await expect(keyPage.toasts).toContainText("expired");
  const mail = await mailbox.wait(account.email, EXPIRED);
  expect(mail.subject).toBe("1 API key has expired: billing-cron");
  for (const part of [mail.text, mail.html]) {
    expect(part).toContain("billing-cron");
    expect(part).toContain(key.access_key);
    expect(part).not.toContain(key.secret_key);
  }

  await noticesPage.open();
  const row = noticesPage.mail("billing-cron");
  await expect(row).toContainText("When it expires");
  await expect(row).toContainText(account.email);
  await expect(row.locator(".pill")).toHaveText("Sent");
  // A retired key matters only while a program still calls with it.
  expect(await keyhold.verify(key)).toMatchObject({ code: "key_expired" });
  await expect(async () => {
    await dashboard.open();
    await expect(dashboard.warning("billing-cron")).toContainText("1 caller still fails", { timeout: 500 });
  }).toPass();
  const instant = await dashboard.warning("billing-cron").locator("time").first().getAttribute("title");
  expect(mail.text?.replace(/\s+/g, " ")).toContain(String(instant));

  // The mail's link leads to the form that restores the key, through the sign-in page if needed.
  const edit = linkTo(mail, "preferences/api-control/");
  expect(edit).toContain(KeyPage.path(key));
  await page.goto(edit);
  await expect(keyPage.name).toHaveValue("billing-cron");
  await keyPage.restoration.choose("never");
  await keyPage.restore.click();
  await expect(keyPage.status).toHaveText(/Active/);
  expect((await keyhold.verify(key)).status).toBe(200);

  await noticesPage.open();
  await noticesPage.mail("billing-cron").getByRole("link", { name: "billing-cron" }).click();
  await expect(keyPage.heading("billing-cron")).toBeVisible();
});

test("a warning that would be due at the key's creation is not sent", async ({ account, functions, noticesPage, mailbox }) => {
  await functions.createKey("For two days", dayAhead(2));
  await functions.expireKey(await functions.createKey("Over"));
  await mailbox.wait(account.email, EXPIRED);
  await noticesPage.open();
  await expect(noticesPage.mail("Over")).toContainText("Sent");
  await expect(noticesPage.mail("For two days")).toHaveCount(0);
});

test("the calendar lists each key's expiration, at an address that can be reset", async ({
  account: _,
  functions,
  noticesPage,
}) => {
  const day = dayAhead(20);
  await functions.createKey("Checkout, \"production\"; 🔑", day);
  await functions.createKey("Never ends", "never");
  await noticesPage.open();
  const address = (await noticesPage.calendarUrl.innerText()).trim();
  const feed = await fetch(address);
  expect(feed.status).toBe(200);
  expect(feed.headers.get("content-type")).toContain("text/calendar");
  const calendar = new ICAL.Component(ICAL.parse(await feed.text()));
  const events = calendar.getAllSubcomponents("vevent").map((event) => new ICAL.Event(event));
  expect(events).toHaveLength(1);
  expect(events[0]?.summary).toContain("Checkout, \"production\"; 🔑");
  expect(events[0]?.startDate.toJSDate().toISOString().slice(0, 10)).toBe(day);

  await noticesPage.resetCalendar.click();
  await expect(noticesPage.toasts).toContainText("The calendar has a new address");
  await expect(noticesPage.calendarUrl).not.toHaveText(address);
  expect((await fetch(address)).status).toBe(404);
  expect((await fetch((await noticesPage.calendarUrl.innerText()).trim())).status).toBe(200);
});

test("input stays when another form of the page is sent, and after the session has ended", async ({ page, account, noticesPage, signIn }) => {
  await noticesPage.open();
  await noticesPage.stage("7 days before").uncheck();
  await noticesPage.address.fill("typed@example.com");
  await noticesPage.resetCalendar.click();
  await expect(noticesPage.toasts).toContainText("new address");
  await expect(noticesPage.stage("7 days before")).not.toBeChecked();
  await expect(noticesPage.address).toHaveValue("typed@example.com");

  await page.context().clearCookies();
  await noticesPage.saveChoice.click();
  await signIn.signIn(account.email, account.password);
  await expect(noticesPage.stage("7 days before")).not.toBeChecked();
  await expect(noticesPage.address).toHaveValue("typed@example.com");
  await noticesPage.saveChoice.click();
  await expect(noticesPage.toasts).toContainText("Notice settings saved.");
  await noticesPage.address.clear();
  await noticesPage.reload();
  await expect(noticesPage.stage("7 days before")).not.toBeChecked();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("everything on the page is a plain form", async ({ page, account, noticesPage, linkPage, mailbox, watch }) => {
    watch.allow(/status of (410|422)/);
    const team = `team.${account.email}`;
    const note = noticesPage.toasts;
    await page.goto(noticesPage.path);
    await noticesPage.stage("14 days before").uncheck();
    await noticesPage.saveChoice.click();
    await expect(note).toHaveText("Notice settings saved.");
    await expect(noticesPage.stage("14 days before")).not.toBeChecked();
    await expect(noticesPage.stage("7 days before")).toBeChecked();

    await noticesPage.address.fill("the team");
    await noticesPage.add.click();
    await expect(noticesPage.address).toHaveAccessibleDescription(/n't an email address/);
    await expect(noticesPage.address).toHaveValue("the team");
    await noticesPage.address.fill(team);
    await noticesPage.add.click();
    await expect(note).toContainText("We sent a confirmation link");
    await mailbox.wait(team, CONFIRM_SECOND);
    await noticesPage.recipient(team).getByRole("button", { name: "Send the link again" }).click();
    await expect(note).toContainText("We sent a new link");
    await page.goto(linkTo(await mailbox.wait(team, CONFIRM_SECOND, 2), "confirm"));
    await linkPage.confirm.click();
    await expect(page).toHaveURL(/\/confirm\?done=confirmed$/);
    await page.goto(noticesPage.path);
    await expect(noticesPage.recipient(team)).toContainText("Confirmed");
    await noticesPage.remove.click();
    await expect(note).toContainText("no more notices");
    await expect(noticesPage.address).toBeVisible();

    const address = await noticesPage.calendarUrl.innerText();
    await noticesPage.resetCalendar.click();
    await expect(note).toContainText("new address");
    await expect(noticesPage.calendarUrl).not.toHaveText(address);
    // No control that needs a script looks active.
    await expect(page.getByRole("button", { name: /^Copy/ })).toHaveCount(0);
  });
});
