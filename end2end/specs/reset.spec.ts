import { freshEmail } from "../harness/account.ts";
import { linkTo } from "../harness/mail.ts";
import { expect, test } from "../harness/test.ts";

const RESET = /^Set a new password/;
const NEW_PASSWORD = "a quite different sentence";

test("the mail's link sets a new password once, and ends the other sessions", async ({
  page,
  browser,
  keyhold,
  account,
  signIn,
  linkPage,
  mailbox,
  watch,
}) => {
  watch.allow(/status of (401|410|422)/);
  const elsewhere = await browser.newContext({
    storageState: await page.context().storageState(),
    baseURL: keyhold.url,
  });
  await page.context().clearCookies();
  await signIn.open();
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await expect(page).toHaveURL(/\/forgot-password$/);
  await linkPage.email.fill("ada at example.com");
  await linkPage.sendLink.click();
  await expect(linkPage.email).toHaveAccessibleDescription(/n't an email address/);
  await expect(linkPage.email).toHaveValue("ada at example.com");
  await linkPage.email.fill(account.email);
  await linkPage.sendLink.click();
  await expect(page.getByRole("heading", { level: 1, name: "Check your inbox" })).toBeVisible();

  const link = linkTo(await mailbox.wait(account.email, RESET), "reset-password");
  await page.goto(link);
  await expect(page.getByRole("main")).toContainText(account.email);
  for (const [weak, message] of [
    ["short", /at least 8 characters/],
    ["password123", /common/],
  ] as const) {
    await linkPage.newPassword.fill(weak);
    await linkPage.setPassword.click();
    await expect(linkPage.newPassword).toHaveAccessibleDescription(message);
  }
  expect((await elsewhere.request.get("/preferences/account")).url()).toContain("/preferences/account");
  await linkPage.newPassword.fill(NEW_PASSWORD);
  await linkPage.setPassword.click();
  await expect(page).toHaveURL(/\/sign-in\?done=reset$/);
  await expect(page.getByText("Sign in with the new one.")).toBeVisible();

  expect((await elsewhere.request.get("/preferences/account")).url()).toContain("/sign-in");
  await elsewhere.close();
  await signIn.reload();
  await signIn.signIn(account.email, account.password);
  await expect(signIn.alert).toContainText("wrong");
  await signIn.signIn(account.email, NEW_PASSWORD);
  await expect(page).toHaveURL(`${keyhold.url}/`);

  expect((await page.goto(link))?.status()).toBe(410);
  await expect(linkPage.gone).toBeVisible();
});

test("an address without an account looks the same and gets no mail", async ({ page, account, linkPage, mailbox }) => {
  await page.context().clearCookies();
  const unknown = freshEmail();
  const seen: string[] = [];
  for (const address of [unknown, account.email]) {
    await page.goto("/forgot-password");
    await linkPage.email.fill(address);
    await linkPage.sendLink.click();
    await expect(page).toHaveURL(/done=sent$/);
    seen.push(await page.getByRole("main").innerText());
  }
  expect(seen[0]).toBe(seen[1]);
  await mailbox.wait(account.email, RESET);
  expect(await mailbox.to(unknown, /./)).toEqual([]);
});

test("the pages of links have no script, are not cached, and reveal nothing to strangers", async ({
  page,
  keyhold,
  account,
  functions,
  linkPage,
  mailbox,
  watch,
}) => {
  watch.allow(/status of 410/);
  await functions.post("account/forgot-password", { email: account.email });
  const link = linkTo(await mailbox.wait(account.email, RESET), "reset-password");
  const answer = await page.goto(link);
  expect(answer?.status()).toBe(200);
  expect(answer?.headers()).toMatchObject({ "cache-control": "no-store", "referrer-policy": "same-origin" });
  expect(await answer?.text()).not.toContain(".wasm");
  const token = new URL(link, keyhold.url).searchParams.get("token") ?? "";
  expect(keyhold.log).not.toContain(token);

  // With or without a session, a link that was never issued, was altered, or is for another page is invalid.
  const changed = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");
  for (const path of [
    "/reset-password",
    "/reset-password?token=",
    "/confirm?token=garbage",
    `/reset-password?token=${changed}`,
    `/confirm?token=${token}`,
  ]) {
    expect((await page.goto(path))?.status(), path).toBe(410);
    await expect(linkPage.gone).toBeVisible();
  }
  // A newer link invalidates an older one.
  await functions.post("account/forgot-password", { email: account.email });
  await mailbox.wait(account.email, RESET, 2);
  expect((await page.goto(link))?.status()).toBe(410);
});

test("the page for a forgotten password redirects a signed-in browser", async ({ page, keyhold, account: _ }) => {
  await page.goto("/forgot-password");
  await expect(page).toHaveURL(`${keyhold.url}/`);
});
