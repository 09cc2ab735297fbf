import { dayAhead } from "../harness/days.ts";
import { SECRET } from "../harness/keyhold.ts";
import { freshEmail, PASSWORD } from "../harness/account.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

test.use({ javaScriptEnabled: false });

// A rejected form is answered with its page and a status that Chromium logs as an error.
test.beforeEach(({ watch }) => watch.allow(/status of (401|422)/));

test("signing up shows the default key's secret in the answer to the form", async ({ page, keyhold, signUp }) => {
  await page.goto("/sign-up");
  await signUp.email.fill("not an address");
  await signUp.password.fill(PASSWORD);
  await signUp.submit.click();
  await expect(signUp.email).toHaveAccessibleDescription(/n't an email address/);
  await expect(signUp.email).toHaveValue("not an address");
  await expect(signUp.password).toHaveValue("");

  await signUp.email.fill(freshEmail());
  await signUp.password.fill(PASSWORD);
  await signUp.submit.click();
  const key = await signUp.issued.read();
  expect((await keyhold.verify(key)).status).toBe(200);
  await signUp.goOn.click();
  await expect(page).toHaveURL(`${keyhold.url}/`);
});

test("signing in and out", async ({ page, keyhold, account, signIn, apiControl }) => {
  await page.context().clearCookies();
  await page.goto("/preferences/api-control?q=default");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await signIn.signIn(account.email, "not the password");
  await expect(signIn.alert).toContainText("The email address or password is wrong.");
  await expect(signIn.email).toHaveValue(account.email);
  await signIn.signIn(account.email, account.password);
  await expect(page).toHaveURL(`${keyhold.url}/preferences/api-control?q=default`);
  await expect(apiControl.names()).toHaveText(["Default key"]);
  await apiControl.signOut.click();
  await expect(page.getByText("You're signed out.")).toBeVisible();
});

test("creating shows the secret in the answer to the form, and nowhere else", async ({
  page,
  keyhold,
  account: _,
  createPage,
  apiControl,
  watch,
}) => {
  await page.goto("/preferences/api-control/new");
  await createPage.description.fill("kept");
  await createPage.submit.click();
  await expect(createPage.name).toHaveAccessibleDescription(/Give the key a name/);
  await expect(createPage.description).toHaveValue("kept");

  await createPage.name.fill("Plain form");
  await createPage.expiration.choose(dayAhead(10));
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await createPage.submit.click();
  const response = await answer;
  expect(response.status()).toBe(200);
  expect(response.headers()["cache-control"]).toBe("no-store");
  expect(await response.text()).toMatch(SECRET);

  const key = await createPage.issued.read();
  const verified = await keyhold.verify(key);
  expect(verified.headers.get("x-keyhold-expires-at")).toBe(`${dayAhead(10)}T23:59:59.999Z`);

  // Reloading the answer sends the form again, which makes no second key.
  watch.allow(/status of 409/);
  await page.reload();
  await expect(page.getByRole("alert")).toContainText(`This form was already sent: it created the key ${key.access_key}`);
  await expect(page.getByText(key.secret_key)).toHaveCount(0);
  await page.goto("/preferences/api-control?q=Plain");
  await expect(apiControl.names()).toHaveText(["Plain form"]);
  // Another form makes another key.
  await page.goto("/preferences/api-control/new");
  await createPage.name.fill("Plain as well");
  await createPage.submit.click();
  await expect(createPage.heading("Plain as well is ready")).toBeVisible();
  await page.goto(KeyPage.path(key));
  await expect(page.getByText(key.secret_key)).toHaveCount(0);
});

test("reading, editing, expiring, restoring and deleting", async ({ page, keyhold, account, apiControl, keyPage }) => {
  const key = account.key;
  await page.goto("/preferences/api-control");
  await apiControl.edit("Default key").click();
  await keyPage.name.fill("");
  await keyPage.description.fill("kept");
  await keyPage.save.click();
  await expect(keyPage.name).toHaveAccessibleDescription(/Give the key a name/);
  await expect(keyPage.description).toHaveValue("kept");
  await keyPage.name.fill("Renamed");
  await keyPage.save.click();
  await expect(page).toHaveURL(new RegExp(`${KeyPage.path(key)}\\?done=edited&change=`));
  await expect(page.getByText("Key saved.")).toBeVisible();
  await keyPage.undo.click();
  await expect(page.getByText("Change undone.")).toBeVisible();
  await page.goto(KeyPage.path(key));
  await expect(keyPage.name).toHaveValue("Default key");
  await keyPage.name.fill("Renamed");
  await keyPage.description.fill("kept");
  await keyPage.save.click();
  await expect(keyPage.name).toHaveValue("Renamed");
  await expect(keyPage.description).toHaveValue("kept");

  await keyPage.expireNow.click();
  await expect(keyPage.status).toHaveText(/Expired/);
  expect((await keyhold.verify(key)).code).toBe("key_expired");

  await keyPage.restoration.choose("2020-01-01");
  await keyPage.restore.click();
  await expect(keyPage.restoration.date).toHaveAccessibleDescription(/in the past/);
  await expect(keyPage.restoration.date).toHaveValue("2020-01-01");
  await keyPage.restoration.choose("30d");
  await keyPage.restore.click();
  await expect(keyPage.status).toHaveText(/Active/);
  expect((await keyhold.verify(key)).status).toBe(200);

  // A date that is refused is shown in the menu, which is open then.
  await keyPage.setTo("2020-01-01");
  await expect(keyPage.extension.date).toHaveAccessibleDescription(/in the past/);
  await keyPage.extension.choose(dayAhead(3));
  await keyPage.setExpiration.click();
  await expect(keyPage.status).toHaveText(/Expires in [34] days/);

  await keyPage.confirmName.fill("Default key");
  await keyPage.delete.click();
  await expect(keyPage.confirmName).toHaveAttribute("aria-invalid", "true");
  await keyPage.confirmName.fill("Renamed");
  await keyPage.delete.click();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/api-control?done=deleted`);
  await expect(page.getByText("Key deleted.")).toBeVisible();
  expect((await keyhold.verify(key)).code).toBe("key_invalid");
});

test("searching, filtering, sorting and extending are forms and links", async ({
  page,
  keyhold,
  account: _,
  functions,
  apiControl,
  dashboard,
}) => {
  const soon = await functions.createKey("Soon", dayAhead(2));
  await page.goto("/preferences/api-control");
  await apiControl.search.fill("soo");
  await apiControl.search.press("Enter");
  await expect(apiControl.names()).toHaveText(["Soon"]);
  await page.goto("/preferences/api-control");
  await apiControl.filter("Active").click();
  await expect(apiControl.names()).toHaveText(["Default key"]);
  await page.goto("/preferences/api-control");
  await apiControl.head("Name").getByRole("link").click();
  await expect(apiControl.names()).toHaveText(["Default key", "Soon"]);

  await page.goto("/");
  await dashboard.extension("Soon").selectOption("never");
  await dashboard.extend("Soon").click();
  // Back on the Dashboard, with Undo.
  await expect(page.getByText("New expiration saved.")).toBeVisible();
  await expect(page).toHaveURL(/\/\?done=restored&change=\w+$/);
  await expect(dashboard.undo).toBeVisible();
  expect((await keyhold.verify(soon)).headers.has("x-keyhold-expires-at")).toBe(false);
  await page.goto("/");
  await expect(dashboard.banner).toHaveCount(0);
});

test("snoozing and staggering are forms and links", async ({ page, account: _, functions, dashboard }) => {
  await functions.createKey("Soon", dayAhead(2));
  for (let number = 0; number < 5; number += 1) await functions.createKey(`Key ${number}`, dayAhead(60));
  await page.goto("/");
  await dashboard.snooze("Soon", "Until it expires");
  await expect(page.getByText("Snooze saved.")).toBeVisible();
  await expect(dashboard.banner).toHaveCount(0);
  await dashboard.snoozedKeys.locator("summary").click();
  await dashboard.snoozedKeys.getByRole("button", { name: "Show again" }).click();
  await expect(dashboard.warning("Soon")).toBeVisible();

  await dashboard.ahead.getByRole("link", { name: /^Stagger/ }).click();
  await page.getByRole("link", { name: "3 days", exact: true }).click();
  await expect(page.locator("tbody tr")).toHaveCount(3);
  await page.getByRole("button", { name: "Spread over 3 days" }).click();
  await expect(page.getByText("The keys are spread over several days now.")).toBeVisible();
});

test("preferences are a plain form too", async ({ page, keyhold, account: _, accountPage }) => {
  await page.goto("/preferences/account");
  await accountPage.warningDays.fill("100");
  await accountPage.save.click();
  await expect(accountPage.warningDays).toHaveAccessibleDescription(/from 1 to 90/);
  await accountPage.warningDays.fill("7");
  await accountPage.save.click();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/account?done=saved#preferences`);
  await expect(accountPage.warningDays).toHaveValue("7");
});

test("no control that needs a script looks active", async ({ page, account, apiControl }) => {
  for (const path of ["/", apiControl.path, KeyPage.path(account.key), "/developers", "/preferences/account", "/preferences/notices"]) {
    await page.goto(path);
    await expect(page.getByRole("button", { name: /^(Copy|Show|Download)/ })).toHaveCount(0);
  }
});
