import { freshEmail, PASSWORD } from "../harness/account.ts";
import { expect, test } from "../harness/test.ts";

test("signing up shows the default key's secret once, and the key works", async ({
  page,
  keyhold,
  signUp,
  dashboard,
  apiControl,
}) => {
  await signUp.open();
  await expect(signUp.timeZone).toHaveValue("Europe/Berlin");
  await signUp.email.fill(freshEmail());
  await signUp.password.fill(PASSWORD);
  await signUp.submit.click();

  await expect(signUp.issued.card).toContainText("You will not see this secret again");
  const key = await signUp.issued.read();
  expect((await keyhold.verify(key)).status).toBe(200);

  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signUp.issued.copySecret.click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(key.secret_key);
  await signUp.goOn.click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  await expect(page.getByText(key.secret_key)).toHaveCount(0);

  await apiControl.open();
  const row = apiControl.row("Default key");
  await expect(row).toContainText(key.access_key);
  await expect(row).toContainText("Active · never expires");
});

test("errors appear at their fields, and no input is lost", async ({ signUp, watch }) => {
  watch.allow(/status of 422/);
  await signUp.open();
  await signUp.email.fill("ada at example.com");
  await signUp.password.fill("short");
  await signUp.timeZone.fill("Mars/Olympus_Mons");
  await signUp.submit.click();
  await expect(signUp.email).toHaveAccessibleDescription(/n't an email address/);
  await expect(signUp.password).toHaveAccessibleDescription(/at least 8 characters/);
  await expect(signUp.email).toBeFocused();
  await expect(signUp.email).toHaveValue("ada at example.com");

  // Errors that only the server can detect appear at the same fields.
  await signUp.email.fill(freshEmail());
  await signUp.password.fill("password123");
  await signUp.submit.click();
  await expect(signUp.timeZone).toHaveAttribute("aria-invalid", "true");
  await signUp.timeZone.fill("Asia/Tokyo");
  await signUp.submit.click();
  await expect(signUp.password).toHaveAttribute("aria-invalid", "true");
  await expect(signUp.password).toHaveAccessibleDescription(/common/);
  await expect(signUp.password).toHaveValue("password123");
});

test("an address with an account cannot sign up again", async ({ page, keyhold, account, signUp, signIn, watch }) => {
  watch.allow(/status of (409|429)/);
  await page.context().clearCookies();
  await signUp.open();
  await signUp.email.fill(account.email.toUpperCase());
  await signUp.password.fill(PASSWORD);
  await signUp.submit.click();
  await expect(page.getByRole("alert")).toContainText("This address can't be used to sign up");
  await expect(signUp.email).toHaveValue(account.email.toUpperCase());

  await signIn.open();
  await signIn.signIn(account.email, account.password);
  await expect(page).toHaveURL(`${keyhold.url}/`);
});

test("signing in leads back to the requested page, and signing out ends the session", async ({
  page,
  keyhold,
  account,
  signIn,
  apiControl,
  watch,
}) => {
  watch.allow(/status of 401/);
  await page.context().clearCookies();
  await page.goto("/preferences/api-control?status=active");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await signIn.reload();

  await signIn.signIn(account.email, "not the password");
  await expect(signIn.alert).toContainText("The email address or password is wrong.");
  await expect(signIn.email).toHaveValue(account.email);
  await signIn.signIn(account.email, account.password);
  await expect(apiControl.heading("API Control")).toBeVisible();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/api-control?status=active`);

  const session = await page.context().cookies();
  await apiControl.signOut.click();
  await expect(page).toHaveURL(/\/sign-in/);
  // The cookie is gone from the browser, and the session from the server.
  await page.context().addCookies(session);
  await page.goto("/preferences/api-control");
  await expect(page).toHaveURL(/\/sign-in/);
});

for (const next of ["//example.org/", "/\\example.org", "https://example.org/", "javascript:alert(1)"]) {
  test(`signing in never leads elsewhere: next=${next}`, async ({ page, keyhold, account, signIn }) => {
    await page.context().clearCookies();
    await signIn.open(`?next=${encodeURIComponent(next)}`);
    await signIn.signIn(account.email, account.password);
    await expect(page).toHaveURL(`${keyhold.url}/`);
  });
}

test("the gates say what they lead to, and open at the first field", async ({ page, account: _, apiControl, signIn, signUp }) => {
  await apiControl.open();
  await apiControl.signOut.click();
  await expect(page.getByText("You're signed out.")).toBeVisible();
  for (const gate of [signIn, signUp]) {
    await gate.open();
    await expect(page.getByText(/API keys of (all )?your programs/)).toBeVisible();
    await expect(gate.email).toBeFocused();
    for (const field of [gate.email, gate.password]) await expect(field).toHaveAttribute("required", "");
  }
});

test("a shown password can be hidden again", async ({ page, signIn }) => {
  await signIn.open();
  await signIn.password.fill("calm lake");
  await page.getByRole("button", { name: "Show Password" }).click();
  await expect(signIn.password).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Hide Password" }).click();
  await expect(signIn.password).toHaveAttribute("type", "password");
  await expect(page.getByRole("button", { name: "Show Password" })).toBeVisible();
});
