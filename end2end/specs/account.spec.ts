import { linkTo } from "../harness/mail.ts";
import { expect, test } from "../harness/test.ts";

test("preferences are saved, or rejected with the reason at the field", async ({
  page,
  account: _,
  accountPage,
  watch,
}) => {
  watch.allow(/status of 422/);
  await accountPage.open();
  await expect(accountPage.warningDays).toHaveValue("14");
  await accountPage.warningDays.fill("91");
  await accountPage.save.click();
  await expect(accountPage.warningDays).toHaveAccessibleDescription(/from 1 to 90/);
  await accountPage.warningDays.fill("30");
  await accountPage.timeZone.fill("Atlantis/Capital");
  await accountPage.save.click();
  await expect(accountPage.timeZone).toHaveAttribute("aria-invalid", "true");
  // The page that answers a form has its own address, where it can be opened again.
  expect(new URL(page.url()).pathname).toBe("/preferences/account");
  await page.goto("/fn/account/preferences");
  expect(new URL(page.url()).pathname).toBe("/preferences/account");
  await accountPage.warningDays.fill("30");
  await accountPage.timeZone.fill("Africa/Nairobi");
  await accountPage.save.click();
  await expect(accountPage.toasts).toContainText(/saved/i);
  // Other pages show it without a reload, and so does this one when it is opened again.
  await page.getByRole("link", { name: "API Control" }).click();
  await page.getByRole("link", { name: "Create key" }).click();
  await expect(page.getByText(/^Expires .*\sEAT\b/).first()).toBeVisible();
  await page.getByRole("link", { name: "Account" }).click();
  await expect(accountPage.timeZone).toHaveValue("Africa/Nairobi");
  await accountPage.reload();
  await expect(accountPage.warningDays).toHaveValue("30");
  await expect(accountPage.timeZone).toHaveValue("Africa/Nairobi");
});

test("a new password ends the other sessions, and signs in", async ({
  page,
  account,
  browser,
  keyhold,
  accountPage,
  signIn,
  watch,
}) => {
  watch.allow(/status of (401|422)/);
  const elsewhere = await browser.newContext({ storageState: await page.context().storageState() });
  await accountPage.open();
  await accountPage.currentPassword.fill("not the password");
  await accountPage.newPassword.fill("another good password");
  await accountPage.changePassword.click();
  await expect(accountPage.currentPassword).toHaveAttribute("aria-invalid", "true");
  // No password comes back from the server.
  await expect(accountPage.newPassword).toHaveValue("");
  await accountPage.currentPassword.fill(account.password);
  await accountPage.newPassword.fill("another good password");
  await accountPage.changePassword.click();
  await expect(accountPage.toasts).toContainText(/password/i);
  await expect(accountPage.currentPassword).toHaveValue("");
  await expect(accountPage.newPassword).toHaveValue("");

  const other = await elsewhere.request.get(`${keyhold.url}/preferences/account`);
  expect(other.url()).toContain("/sign-in");
  await elsewhere.close();
  await accountPage.reload();
  await expect(accountPage.heading("Account")).toBeVisible();

  await page.context().clearCookies();
  await signIn.open();
  await signIn.signIn(account.email, account.password);
  await expect(signIn.alert).toContainText("wrong");
  await signIn.signIn(account.email, "another good password");
  await expect(page).toHaveURL(`${keyhold.url}/`);
});

test("the theme is kept, and rendered by the server", async ({ page, account: _, accountPage }) => {
  await accountPage.open();
  const html = page.locator("html");
  await expect(html).not.toHaveAttribute("data-theme");
  for (const name of ["Dark", "Light"]) {
    const theme = name.toLowerCase();
    const chosen = page.waitForResponse((response) => response.url().endsWith("/fn/account/theme"));
    await accountPage.theme(name).click();
    await chosen;
    await expect(html).toHaveAttribute("data-theme", theme);
    expect(await (await page.request.get("/")).text()).toMatch(new RegExp(`<html[^>]* data-theme="?${theme}`));
  }
});

test("a new address is confirmed by its link, and the old one is told", async ({ page, account, accountPage, dashboard, functions, mailbox, signIn, watch }) => {
  await functions.post("account/dismiss-steps", {});
  await mailbox.wait(account.email, /^Confirm your/);
  await accountPage.open();
  const address = page.getByRole("region", { name: "Email address" });
  const right = `right.${account.email}`;
  await address.getByLabel("New address").fill(right);
  await address.getByRole("textbox", { name: "Your password" }).fill(account.password);
  await address.getByRole("button", { name: "Change address" }).click();
  await expect(page.getByText(`We sent a link to ${right}.`)).toBeVisible();
  // Nothing changes before the link is opened.
  await expect(address.locator(".present")).toHaveText(new RegExp(`^${account.email}\\s*Not confirmed$`));
  await mailbox.wait(account.email, /^A change of your email address was requested$/);
  await page.goto(linkTo(await mailbox.wait(right, /^Confirm/), "confirm"));
  await page.getByRole("main").getByRole("button").click();
  await mailbox.wait(account.email, /^Your email address was changed$/);
  await dashboard.open();
  await expect(dashboard.page.getByTestId("address-note")).toHaveCount(0);
  await accountPage.open();
  await expect(address.locator(".present")).toHaveText(new RegExp(`^${right}\\s*Confirmed$`));

  watch.allow(/status of 401/);
  await page.context().clearCookies();
  await signIn.open();
  await signIn.signIn(account.email, account.password);
  await expect(signIn.alert).toContainText("wrong");
  await signIn.signIn(right, account.password);
  await expect(dashboard.heading("Dashboard")).toBeVisible();
});

test("sessions are listed, and ended one by one or all at once", async ({ page, account, accountPage, browser, keyhold }) => {
  const elsewhere = async (userAgent: string) => {
    const context = await browser.newContext({ userAgent, baseURL: keyhold.url });
    const other = await context.newPage();
    await other.goto("/sign-in");
    await other.getByRole("textbox", { name: /mail/i }).fill(account.email);
    await other.getByRole("textbox", { name: "Password" }).fill(account.password);
    await other.getByRole("button", { name: "Sign in" }).click();
    await expect(other).toHaveURL(`${keyhold.url}/`);
    return context;
  };
  const phone = await elsewhere("Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Mobile/15E148 Safari/604.1");
  const laptop = await elsewhere("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0");
  await accountPage.open();
  await expect(accountPage.sessions).toHaveCount(3);
  await expect(accountPage.sessions.first()).toContainText("This browser");
  await expect(accountPage.sessions.filter({ hasText: "Firefox on Windows" })).toContainText(/Signed in .* from /);
  await page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
  await expect(accountPage.toasts).toHaveText("Session ended. That browser is signed out.");
  await expect(accountPage.sessions).toHaveCount(2);
  expect((await phone.request.get("/preferences/account")).url()).toContain("/sign-in");
  expect((await laptop.request.get("/preferences/account")).url()).toContain("/preferences/account");
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(accountPage.toasts).toHaveText("You're signed out everywhere else.");
  await expect(accountPage.sessions).toHaveCount(1);
  expect((await laptop.request.get("/preferences/account")).url()).toContain("/sign-in");
  await phone.close();
  await laptop.close();
});

test("an account is deleted with its keys, and an email says so", async ({ page, account, accountPage, functions, keyhold, mailbox, signIn, watch }) => {
  watch.allow(/status of 422/);
  const key = await functions.createKey("Billing");
  await accountPage.open();
  const { deletion } = accountPage;
  await expect(deletion.getByText("Billing")).toBeVisible();
  const address = deletion.getByLabel("The account's address");
  await address.fill("someone@example.com");
  await deletion.getByRole("textbox", { name: "Your password" }).fill(account.password);
  await deletion.getByRole("button", { name: "Delete account" }).click();
  await expect(address).toHaveAccessibleDescription(`Type ${account.email}, the account's address, to delete it.`);
  await expect(address).toBeFocused();
  expect((await keyhold.verify(key)).status).toBe(200);
  await address.fill(account.email);
  await deletion.getByRole("textbox", { name: "Your password" }).fill(account.password);
  await deletion.getByRole("button", { name: "Delete account" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByText("Your account and its keys are deleted.")).toBeVisible();
  for (const gone of [key, account.key]) expect((await keyhold.verify(gone)).status).toBe(401);
  await mailbox.wait(account.email, /account was deleted/, 1);
  watch.allow(/status of 401/);
  await signIn.signIn(account.email, account.password);
  await expect(signIn.alert).toContainText("wrong");
});

test("dates are written as the account likes them, on every page", async ({ page, account: _, accountPage, functions, keyPage }) => {
  const key = await functions.createKey("Dated", "2031-03-05T21:15:00Z");
  await accountPage.open();
  await page.getByRole("group", { name: "Date format" }).getByLabel(/^[A-Z][a-z]{2} \d+, \d{4}$/).check();
  await page.getByRole("group", { name: "Time format" }).getByLabel(/[AP]M$/).check();
  await accountPage.save.click();
  await expect(accountPage.toasts).toContainText(/saved/i);
  await expect(page.getByRole("group", { name: "Time format" }).getByLabel(/[AP]M$/)).toBeChecked();
  await keyPage.openOf(key);
  await expect(page.locator('main time[datetime^="2031-03-05"]').first()).toContainText("Wed, Mar 5, 2031, 9:15 PM UTC");
  await accountPage.open();
  await page.getByRole("group", { name: "Date format" }).getByLabel(/^\d{4}-\d\d-\d\d$/).check();
  await accountPage.save.click();
  await expect(accountPage.toasts).toContainText(/saved/i);
  await keyPage.openOf(key);
  await expect(page.locator('main time[datetime^="2031-03-05"]').first()).toContainText("Wed 2031-03-05, 9:15 PM UTC");
});

test("the answer to a form is told in sight, where the form is", async ({ page, account, accountPage, noticesPage, watch }) => {
  watch.allow(/status of 422/);
  await page.setViewportSize({ width: 1280, height: 600 });
  await accountPage.open();
  await accountPage.warningDays.fill("91");
  const offset = () => page.evaluate(() => scrollY);
  await accountPage.save.scrollIntoViewIfNeeded();
  const before = await offset();
  expect(before).toBeGreaterThan(100);
  await accountPage.save.click();
  await expect(accountPage.warningDays).toBeFocused();
  await expect(accountPage.warningDays).toBeInViewport();
  await expect.poll(offset).toBe(before);
  await accountPage.warningDays.fill("30");
  await accountPage.save.click();
  await expect(accountPage.toasts).toHaveText("Preferences saved.");
  await expect(accountPage.toasts).toBeInViewport();
  await expect(accountPage.save).toBeFocused();
  expect(await offset()).toBe(before);
  await expect(page).toHaveURL(/account$/);
  await page.getByRole("link", { name: "Close this message" }).click();
  await expect(accountPage.toasts).toHaveCount(0);
  expect(await offset()).toBe(before);

  // The form that was sent has gone, so nothing stands ready to be pressed again.
  await noticesPage.open();
  await noticesPage.address.fill(`team.${account.email}`);
  await noticesPage.add.click();
  await expect(noticesPage.toasts).toBeInViewport();
  await expect(noticesPage.remove).not.toBeFocused();
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("the answer to a form is in sight too", async ({ page, account: _, accountPage, watch }) => {
    watch.allow(/status of 422/);
    await page.setViewportSize({ width: 1280, height: 600 });
    await page.goto(accountPage.path);
    await accountPage.warningDays.fill("91");
    await accountPage.save.click();
    await expect(accountPage.warningDays).toBeFocused();
    await expect(accountPage.warningDays).toBeInViewport();
    await accountPage.warningDays.fill("30");
    await accountPage.save.click();
    await expect(accountPage.toasts).toBeInViewport();
    await expect(page.getByRole("heading", { name: "Dates and warnings" })).toBeInViewport();
    await page.getByRole("link", { name: "Close this message" }).click();
    await expect(accountPage.toasts).toHaveCount(0);
  });
});
