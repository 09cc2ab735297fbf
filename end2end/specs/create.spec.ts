import { readFile } from "node:fs/promises";

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

test("a name that another key has is allowed, and said", async ({ page, account: _, createPage, functions, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  await functions.createKey("Nightly export of orders");
  await createPage.open();
  const hint = page.getByText("Another key has this name too.");
  await createPage.name.fill("nightly Export of orders ");
  await createPage.name.blur();
  await expect(hint).toBeVisible();
  await expect(createPage.name).not.toHaveAttribute("aria-invalid", "true");
  await createPage.name.fill("Nightly export");
  await createPage.name.blur();
  await expect(hint).toHaveCount(0);
  await createPage.name.fill("Default key");
  await createPage.name.blur();
  await expect(hint).toBeVisible();
  await createPage.submit.click();
  await expect(createPage.heading("Default key is ready")).toBeVisible();
});

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
    await expect(createPage.expiration.select).toHaveValue("90d");
    await createPage.name.fill("Nightly export");
    await createPage.description.fill("Reads the orders.\nOwned by the data team.");
    await createPage.expiration.choose(expiry);
    // What that means is said before it is done.
    await expect(createPage.expiration.line).toHaveText(/^(Expires \w{3} \d+ \w{3} \d{4}, \d\d:\d\d\sUTC, in |Never expires\.)/);
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
  apiControl,
  dashboard,
  watch,
}) => {
  const asked: string[] = [];
  watch.answerDialogs(async (dialog) => {
    asked.push(dialog.type());
    await dialog.dismiss();
  });
  const { leaving } = createPage;
  await apiControl.open();
  await apiControl.create.click();
  await createPage.name.fill("Uncopied");
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();

  const elsewhere = page.getByRole("navigation").getByRole("link", { name: "Dashboard" });
  await elsewhere.click();
  await expect(leaving.dialog).toContainText("You haven't copied it");
  await expect(leaving.stay).toBeFocused();
  await leaving.stay.click();
  await expect(leaving.dialog).toHaveCount(0);
  await expect(createPage.issued.card).toBeVisible();

  await page.evaluate(() => history.back());
  await expect(leaving.dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(leaving.dialog).toHaveCount(0);
  await expect(createPage.issued.card).toBeVisible();

  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(["beforeunload"]);
  await expect(createPage.issued.card).toBeVisible();

  await page.evaluate(() => history.back());
  await leaving.leave.click();
  await expect(apiControl.heading("API Control")).toBeVisible();

  await createPage.open();
  await createPage.name.fill("Uncopied too");
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();
  await elsewhere.click();
  await leaving.leave.click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
  expect(asked).toHaveLength(1);
});

for (const way of ["copying the secret", "copying both", "the download"]) {
  test(`after ${way}, leaving asks nothing`, async ({ page, account: _, createPage, dashboard }) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await createPage.open();
    await createPage.name.fill("Billing service (EU)");
    await createPage.submit.click();
    await expect(createPage.heading("Billing service (EU) is ready")).toBeFocused();
    await expect(page).toHaveTitle(/^Billing service \(EU\) is ready/);
    const { access_key, secret_key } = await createPage.issued.read();
    const variables = `KEYHOLD_ACCESS_KEY=${access_key}\nKEYHOLD_SECRET_KEY=${secret_key}\n`;
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    if (way === "copying the secret") {
      await createPage.issued.copySecret.click();
      await expect.poll(copied).toBe(secret_key);
    } else if (way === "copying both") {
      await expect(createPage.issued.copyBoth).toHaveClass(/primary/);
      await createPage.issued.copyBoth.click();
      await expect.poll(copied).toBe(variables);
    } else {
      const downloading = page.waitForEvent("download");
      await createPage.issued.card.getByRole("button", { name: "Download .env" }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toBe("billing-service-eu.env");
      expect(await readFile(await download.path(), "utf8")).toBe(variables);
    }
    await page.getByRole("navigation").getByRole("link", { name: "Dashboard" }).click();
    await expect(dashboard.heading("Dashboard")).toBeVisible();
  });
}

test("the card shows the first call by itself", async ({ account: _, createPage, keyhold, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  await createPage.open();
  await createPage.name.fill("Called at once");
  await createPage.submit.click();
  await expect(createPage.issued.firstCall).toHaveText("Waiting for its first call…");
  await keyhold.verify(await createPage.issued.read());
  await expect(createPage.issued.firstCall).toHaveText("First call seen. The key works.", { timeout: 15_000 });
});

test("errors and the focus are at their fields, and no input is lost", async ({ account: _, createPage, watch }) => {
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
  await expect(createPage.expiration.date).toHaveAccessibleDescription(/in the past/);
  await expect(createPage.expiration.date).toHaveAttribute("aria-invalid", "true");
  await expect(createPage.expiration.date).toBeFocused();
  await expect(createPage.expiration.date).toHaveValue("2020-01-01");
  await expect(createPage.description).toHaveValue("kept");

  await createPage.name.fill("x".repeat(81));
  await createPage.submit.click();
  await expect(createPage.name).toHaveAccessibleDescription(/81 characters; the limit is 80/);
});

test("the limits are told before the form is sent", async ({ page, account: _, createPage }) => {
  await createPage.open();
  await expect(createPage.name).toBeFocused();
  await expect(createPage.name).toHaveAccessibleDescription(/Up to 80 characters/);
  await expect(createPage.description).toHaveAccessibleDescription(/Up to 500 characters/);
  const count = page.locator("label[data-count]:not([data-count=''])");
  await createPage.name.fill("x".repeat(40));
  await expect(count).toHaveCount(0);
  await createPage.name.fill("🔑".repeat(70));
  await expect(count).toHaveAttribute("data-count", "70 of 80");
  await createPage.name.fill("x".repeat(81));
  await expect(count).toHaveAttribute("data-over", "true");
});

test("no past date is offered, and never is a caution", async ({ account: _, createPage, keyPage, apiControl, functions }) => {
  await createPage.open();
  const today = dayAhead(0);
  const { expiration } = createPage;
  await expect(expiration.date).toHaveAttribute("min", today);
  await expect(expiration.dateTime).toHaveAttribute("min", `${today}T00:00`);
  await expect(expiration.line).not.toHaveClass(/caution/);
  await expiration.choose("never");
  await expect(expiration.line).toHaveClass(/caution/);
  await expect(expiration.line).toContainText("If the key leaks, it works until you expire it.");
  await expiration.choose(dayAhead(-3));
  await expect(expiration.line).toContainText("in the past");

  const key = await functions.createKey("Dated", "30d");
  await keyPage.openOf(key);
  await expect(keyPage.extension.date).toHaveAttribute("min", today);
  await apiControl.open();
  await expect(apiControl.page.locator("#bulk-date")).toHaveAttribute("min", today);
});

test("the newest keys stand beside the form in a wide window, where the new one flashes", async ({
  page,
  account: _,
  createPage,
  functions,
}) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await functions.createKey("Older");
  await page.setViewportSize({ width: 1280, height: 800 });
  await createPage.open();
  await expect(createPage.newest.getByRole("listitem")).toHaveText([/^Older/, /^Default key/]);
  // The form comes first, and is the wider one.
  const list = (await createPage.newest.boundingBox())!;
  const form = (await page.locator(".card", { has: createPage.name }).boundingBox())!;
  expect(form.x + form.width).toBeLessThan(list.x);
  expect(form.width).toBeGreaterThan(list.width);
  await page.setViewportSize({ width: 1099, height: 800 });
  await expect(createPage.newest).toBeHidden();
  await page.setViewportSize({ width: 1280, height: 800 });
  await createPage.name.fill("Newer");
  await createPage.submit.click();
  await expect(createPage.newest.getByRole("listitem")).toHaveText([/^Newer/, /^Older/, /^Default key/]);
  await expect(createPage.newest.locator("li.new")).toHaveText(/^Newer/);
  await createPage.issued.copyBoth.click();
  await expect(createPage.issued.copyBoth).toContainText("Copied");
  await createPage.issued.card.getByRole("link", { name: "Back to API Control" }).click();
  await expect(page.locator("tr.new")).toContainText("Newer");
  // Once only.
  await page.reload();
  await expect(page.locator("tr", { hasText: "Newer" })).toBeVisible();
  await expect(page.locator("tr.new")).toHaveCount(0);
});

test("leaving a half-written form by a link or by going back asks", async ({ page, account: _, createPage, keyPage, apiControl }) => {
  const { leaving } = createPage;
  await apiControl.open();
  await apiControl.create.click();
  // Nothing is lost yet.
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(apiControl.heading("API Control")).toBeVisible();
  await apiControl.create.click();
  await createPage.name.fill("Half");
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(leaving.dialog).toContainText("isn't saved yet");
  await leaving.stay.click();
  await expect(createPage.name).toHaveValue("Half");
  // What was typed is gone again.
  await createPage.name.fill("");
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(apiControl.heading("API Control")).toBeVisible();

  // Going back asks as well, and goes back once nothing would be lost.
  await apiControl.create.click();
  await createPage.name.fill("Half");
  await page.goBack();
  await expect(leaving.dialog).toContainText("isn't saved yet");
  await leaving.stay.click();
  await expect(createPage.name).toHaveValue("Half");
  await createPage.description.fill("more");
  await page.goBack();
  await leaving.leave.click();
  await expect(apiControl.heading("API Control")).toBeVisible();
  await page.goForward();
  await expect(createPage.name).toHaveValue("");
  await createPage.name.fill("Half");
  await createPage.name.fill("");
  await page.goBack();
  await expect(apiControl.heading("API Control")).toBeVisible();

  await apiControl.row("Default key").getByRole("link", { name: "Default key", exact: true }).click();
  await keyPage.description.fill("saved");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("saved");
  const away = page.getByRole("navigation").getByRole("link", { name: "Dashboard" });
  await keyPage.description.fill("half written");
  await away.click();
  await leaving.stay.click();
  await keyPage.save.click();
  await expect(keyPage.undo).toBeVisible();
  await expect.poll(() => page.evaluate(() => document.querySelectorAll("[aria-busy=true]").length)).toBe(0);
  await away.click();
  await expect(page).toHaveURL(/\/$/);
  await page.goBack();
  await expect(keyPage.description).toHaveValue("half written");
  await page.goBack();
  await expect(apiControl.heading("API Control")).toBeVisible();
});
