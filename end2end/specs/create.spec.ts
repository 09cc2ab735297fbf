import { dayAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";

const DAY = 86_400_000;

/** A way to choose an expiration, and the resulting instant for an account in UTC. */
const WAYS: [string, (now: number) => number | null][] = [
  ["30d", (now) => now + 30 * DAY],
  ["60d", (now) => now + 60 * DAY],
  ["90d", (now) => now + 90 * DAY],
  ["365d", (now) => now + 365 * DAY],
  [dayAhead(10), () => Date.parse(`${dayAhead(10)}T23:59:59.999Z`)],
  [`${dayAhead(10)}T18:30`, () => Date.parse(`${dayAhead(10)}T18:30:00Z`)],
  ["never", () => null],
];

for (const [index, [expiry, means]] of WAYS.entries()) {
  const way = ["30 days", "60 days", "90 days", "365 days", "a date", "a date and time", "never"][index];
  test(`a key created with the expiration ${way} works, and shows it`, async ({
    page,
    keyhold,
    account: _,
    createPage,
    keyPage,
    apiControl,
    functions,
    watch,
  }) => {
    watch.answerDialogs((dialog) => dialog.accept());
    await apiControl.open();
    await apiControl.create.click();
    await expect(createPage.heading("Create key")).toBeVisible();
    await expect(createPage.expiration.choice("90d")).toBeChecked();
    await createPage.name.fill("Nightly export");
    await createPage.description.fill("Reads the orders.\nOwned by the data team.");
    await createPage.expiration.choose(expiry);
    const before = Date.now();
    await createPage.submit.click();

    await expect(createPage.issued.card).toContainText("You will not see this secret again");
    await expect(createPage.issued.card).toContainText(`curl -i -u`);
    const key = await createPage.issued.read();
    const answer = await keyhold.verify(key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-keyhold-access-key")).toBe(key.access_key);
    expect(answer.headers.get("x-keyhold-key-name")).toBe("Nightly%20export");

    const shown = (await functions.showKey(key)).key;
    const wanted = means(before);
    if (wanted === null) {
      expect(shown.expires).toBeNull();
      expect(answer.headers.has("x-keyhold-expires-at")).toBe(false);
    } else {
      expect(shown.expires.at).toBeGreaterThanOrEqual(wanted);
      expect(shown.expires.at).toBeLessThan(wanted + 30_000);
      expect(Date.parse(answer.headers.get("x-keyhold-expires-at") ?? "")).toBe(shown.expires.at);
    }

    await keyPage.openOf(key);
    await expect(keyPage.name).toHaveValue("Nightly export");
    await expect(keyPage.description).toHaveValue("Reads the orders.\nOwned by the data team.");
    await expect(page.getByRole("main")).toContainText(shown.expires?.text ?? "Never");
    await expect(page.getByText(key.secret_key)).toHaveCount(0);
  });
}

test("leaving the page before the secret is copied asks for confirmation", async ({
  page,
  account: _,
  createPage,
  dashboard,
  watch,
}) => {
  const asked: string[] = [];
  let leave = false;
  watch.answerDialogs(async (dialog) => {
    asked.push(dialog.type());
    await (leave ? dialog.accept() : dialog.dismiss());
  });
  await createPage.open();
  await createPage.name.fill("Uncopied");
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();

  const elsewhere = page.getByRole("navigation").getByRole("link", { name: "Dashboard" });
  await elsewhere.click();
  await expect.poll(() => asked).toEqual(["confirm"]);
  await expect(createPage.issued.card).toBeVisible();

  await page.evaluate(() => history.back());
  await expect.poll(() => asked).toEqual(["confirm", "confirm"]);
  await expect(createPage.issued.card).toBeVisible();

  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(["confirm", "confirm", "beforeunload"]);
  await expect(createPage.issued.card).toBeVisible();

  leave = true;
  await elsewhere.click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
});

test("after the secret is copied, leaving asks nothing", async ({ page, account: _, createPage, dashboard }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await createPage.open();
  await createPage.name.fill("Copied");
  await createPage.submit.click();
  await createPage.issued.copySecret.click();
  await expect(createPage.issued.copySecret).toContainText("Copied");
  await page.getByRole("navigation").getByRole("link", { name: "Dashboard" }).click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
});

test("errors appear at their fields, and no input is lost", async ({ account: _, createPage, watch }) => {
  watch.allow(/status of 422/);
  await createPage.open();
  await createPage.description.fill("kept");
  await createPage.expiration.choose("2020-01-01");
  await createPage.submit.click();
  await expect(createPage.name).toHaveAccessibleDescription(/Give the key a name/);
  await expect(createPage.name).toBeFocused();

  // Only the server can tell that a date is in the past: it has the clock and the zone.
  await createPage.name.fill("Yesterday");
  await createPage.submit.click();
  await expect(createPage.expiration.group).toHaveAccessibleDescription(/in the past/);
  await expect(createPage.expiration.date).toHaveValue("2020-01-01");
  await expect(createPage.description).toHaveValue("kept");

  await createPage.name.fill("x".repeat(81));
  await createPage.submit.click();
  await expect(createPage.name).toHaveAccessibleDescription(/81 characters; the limit is 80/);
});
