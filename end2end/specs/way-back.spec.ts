import { Company } from "../harness/example.ts";
import { hydrated } from "../harness/hydration.ts";
import { overflow, uneven, violations } from "../harness/look.ts";
import { linkTo, Mailbox } from "../harness/mail.ts";
import { expect, test } from "../harness/test.ts";
import { CreatePage } from "../pages/create.ts";

/** The company ends the sessions of its customer. */
const endSessions = (company: Company) => company.operate("POST", "/accounts/ext:org_123/end-sessions", {});

test.beforeEach(({ watch }) => {
  // The company's app and its Keyhold have addresses of their own.
  watch.allow(/^elsewhere: http:\/\/127\.0\.0\.1:/);
  watch.allow(/status of 401/);
  // The app of the examples has no icon. A browser asks for one whenever it likes, also once the app is gone.
  watch.allow(/(status of 404|ERR_CONNECTION_REFUSED) .*\/favicon\.ico\)$/);
});

test.afterEach(() => Company.closeAll());

for (const program of ["app.py", "app.js"]) {
  test(`a customer of examples/${program} makes a key and comes back to each page`, async ({ page, databaseServer }) => {
    test.setTimeout(180_000);
    const company = await Company.open(program, databaseServer || undefined);
    const { keyhold } = company;
    const at = (path: string) => new RegExp(`^${(keyhold.url + path).replace(/[.?/]/g, "\\$&")}$`);

    // From the app to a verified call of the customer's program.
    await page.goto(company.app);
    await page.getByRole("link", { name: "API keys" }).click();
    await expect(page).toHaveURL(at("/preferences/api-control"));
    await page.goto(`${keyhold.url}/preferences/api-control/new`);
    await hydrated(page);
    const create = new CreatePage(page);
    await create.name.fill("Billing service");
    await create.submit.click();
    const issued = await create.issued.read();
    // A secret that was not copied holds the page.
    await page.getByRole("button", { name: "Copy both" }).click();
    const call = (credential: string) => fetch(company.api, { headers: { "x-api-key": credential, "x-keyhold-external-id": "org_999" } });
    const answer = await call(`${issued.access_key}.${issued.secret_key}`);
    expect(await answer.json()).toEqual({ caller: "org_123", key: "Billing service" });
    expect((await call("")).status).toBe(401);

    // A page without a session, a link in a mail and the address in a refusal lead through the app to the very page.
    await endSessions(company);
    const list = "/preferences/api-control?q=billing&sort=-created";
    await page.goto(keyhold.url + list);
    await expect(page).toHaveURL(at(list));
    await expect(page.getByRole("link", { name: "Billing service", exact: true })).toBeVisible();
    await company.operate("POST", `/keys/${issued.access_key}/expire`, {});
    const refused = (await (await call(`${issued.access_key}.${issued.secret_key}`)).json()) as { restore_url: string };
    const mail = await new Mailbox(keyhold).wait("ada@globex.example", /expired/i);
    for (const link of [refused.restore_url, keyhold.url + linkTo(mail, "preferences/api-control/")]) {
      await endSessions(company);
      await page.goto(link);
      await expect(page).toHaveURL(link);
      await expect(page.getByRole("region", { name: "Restore" })).toBeVisible();
    }

    // Only a page of Keyhold can be asked for.
    for (const page_of_others of ["https://evil.example/", "//evil.example/", "/enter", "/nothing"]) {
      await page.goto(`${company.app}/keys?return_to=${encodeURIComponent(page_of_others)}`);
      await expect(page).toHaveURL(at("/preferences/api-control"));
    }
  });
}

test("what was typed when a session ended is there after the way through the app", async ({ page, databaseServer }) => {
  test.setTimeout(120_000);
  const company = await Company.open("app.py", databaseServer || undefined);
  const { keyhold } = company;
  await page.goto(`${keyhold.url}/preferences/api-control/new`);
  await hydrated(page);
  const create = new CreatePage(page);
  await create.name.fill("Half written");
  await endSessions(company);
  await create.submit.click();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/api-control/new`);
  await expect(create.name).toHaveValue("Half written");

  // A page that comes without the module, whose form is a plain one.
  await page.goto(`${keyhold.url}/preferences/account`);
  await hydrated(page);
  const zone = page.getByLabel("Time zone");
  await zone.fill("Asia/Tokyo");
  await endSessions(company);
  await page.locator("form").filter({ has: zone }).getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/account`);
  await expect(zone).toHaveValue("Asia/Tokyo");
});

test("the way back needs no script", async ({ browser, databaseServer }) => {
  test.setTimeout(120_000);
  const company = await Company.open("app.js", databaseServer || undefined);
  const { keyhold } = company;
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const enter = () => page.getByRole("button", { name: "Continue" }).click();
  await page.goto(`${keyhold.url}/preferences/api-control/new`);
  await enter();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/api-control/new`);
  await endSessions(company);
  const create = new CreatePage(page);
  await create.name.fill("Half written");
  await create.submit.click();
  await expect(page).toHaveURL(/\/enter\?code=/);
  await enter();
  await expect(page).toHaveURL(`${keyhold.url}/preferences/api-control/new`);
  // A form that is a search goes the same way.
  await page.goto(`${keyhold.url}/preferences/api-control`);
  await endSessions(company);
  await page.getByRole("searchbox").fill("billing");
  await page.getByRole("searchbox").press("Enter");
  await expect(page).toHaveURL(/\/enter\?code=/);
  await enter();
  await expect(page).toHaveURL(/\/preferences\/api-control\?.*q=billing/);
  await context.close();
});

test("a browser that keeps no session is told so, and not sent round", async ({ page, context, databaseServer }) => {
  const company = await Company.open("app.py", databaseServer || undefined);
  // As with cookies switched off.
  await context.route("**/enter", async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 });
    const { "set-cookie": _, ...headers } = answer.headers();
    // The fetch itself has put the cookie into the browser's jar.
    await context.clearCookies();
    await route.fulfill({ response: answer, headers });
  });
  await page.goto(`${company.keyhold.url}/preferences/account`);
  await expect(page.getByText("Allow cookies for this site")).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in\?next=\/preferences\/account&done=lost$/);
  // Accounts with a password sign in there all the same.
  await hydrated(page);
  await page.getByText("Sign in with a password").click();
  await expect(page.getByLabel("Email")).toBeVisible();
  for (const [width, colorScheme] of [[360, "light"], [1280, "dark"]] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    expect.soft(await violations(page)).toEqual([]);
    expect.soft(await overflow(page)).toBe(0);
    expect.soft(await uneven(page)).toEqual([]);
  }
});
