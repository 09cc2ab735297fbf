import { dayAhead } from "../harness/days.ts";
import { pressTwice } from "../harness/press.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

test("a tab opened before a key expired does not revive it, and shows both states", async ({
  context,
  keyhold,
  account,
  keyPage,
  watch,
}) => {
  watch.allow(/status of 409/);
  await keyPage.openOf(account.key);
  const second = new KeyPage(await context.newPage());
  await second.openOf(account.key);

  await keyPage.expireNow.click();
  await expect(keyPage.status).toHaveText(/Expired/);
  await second.description.fill("typed in the second tab");
  await second.save.click();
  await expect(second.page.getByRole("alert")).toContainText("has changed since you opened this form");
  await expect(second.description).toHaveValue("typed in the second tab");
  await expect(second.description).toHaveAccessibleDescription(/Stored now: nothing/);
  await expect(second.properties).toContainText("Stored now: the key expired on");
  await expect(second.status).toHaveText(/Expired/);
  expect(await keyhold.verify(account.key)).toMatchObject({ code: "key_expired" });

  // Sending again, with both states visible, saves; the key stays expired.
  await second.save.click();
  await expect(second.toasts).toContainText("saved.");
  expect(await keyhold.verify(account.key)).toMatchObject({ code: "key_expired" });

  // A deliberately chosen new date restores the key.
  await second.restoration.choose("30d");
  await second.restore.click();
  await expect(second.status).toHaveText(/Active/);
  expect((await keyhold.verify(account.key)).status).toBe(200);
});

test("renaming a key in another tab does not discard input", async ({ context, account, keyPage, watch }) => {
  watch.allow(/status of 409/);
  const second = new KeyPage(await context.newPage());
  await second.openOf(account.key);
  await keyPage.openOf(account.key);
  await keyPage.name.fill("Renamed elsewhere");
  await keyPage.save.click();
  await expect(keyPage.heading("Renamed elsewhere")).toBeVisible();

  await second.openDeletion();
  await second.confirmName.fill("half a na");
  await second.page.keyboard.press("Escape");
  await second.description.fill("typed in the second tab");
  await second.save.click();
  await expect(second.page.getByRole("alert")).toContainText("has changed since you opened this form");
  await expect(second.heading("Renamed elsewhere")).toBeVisible();
  await expect(second.name).toHaveAccessibleDescription(/Stored now: Renamed elsewhere/);
  await expect(second.description).toHaveValue("typed in the second tab");
  // Nothing was typed in this field here, so it follows.
  await expect(second.name).toHaveValue("Renamed elsewhere");
  await expect(second.confirmName).toHaveValue("half a na");
});

test("a second press of Expire now keeps Undo", async ({ page, keyhold, account, keyPage }) => {
  await keyPage.openOf(account.key);
  let answered = 0;
  page.on("response", (response) => void (answered += Number(response.url().endsWith("/fn/keys/expire"))));
  // The button disappears when the page has the new state, which arrives with this answer.
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route(/\/fn\/keys\/show/, async (route) => {
    await gate;
    await route.continue();
  });
  for (const presses of [1, 2]) {
    await keyPage.expireNow.click();
    await expect.poll(() => answered).toBe(presses);
    await expect(keyPage.undo).toBeVisible();
  }
  release();
  await expect(keyPage.status).toHaveText(/Expired/);
  await keyPage.undo.click();
  await expect(keyPage.status).toHaveText(/Active/);
  expect((await keyhold.verify(account.key)).status).toBe(200);
});

test("one page saves, expires and saves again without a conflict", async ({ keyhold, account, keyPage }) => {
  await keyPage.openOf(account.key);
  for (const text of ["one", "two"]) {
    await keyPage.description.fill(text);
    await keyPage.save.click();
    await expect(keyPage.history.first()).toContainText("Edited: description");
    await expect(keyPage.history).toHaveCount(text === "one" ? 2 : 3);
  }
  await keyPage.expireNow.click();
  await expect(keyPage.status).toHaveText(/Expired/);
  await keyPage.name.fill("Renamed");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("Renamed is saved.");
  expect(await keyhold.verify(account.key)).toMatchObject({ code: "key_expired" });
});

test("the forms of one page do not conflict with each other, however late its new state comes", async ({
  page,
  account: _,
  functions,
  keyPage,
}) => {
  const key = await functions.createKey("Forms", "30d");
  await keyPage.openOf(key);
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route(/\/fn\/keys\/show/, async (route) => {
    await gate;
    await route.continue();
  });
  await keyPage.description.fill("one");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("saved.");
  await keyPage.setTo("+90");
  await expect(keyPage.toasts).toContainText("now expires");
  await keyPage.description.fill("two");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("saved.");
  release();
  await expect(keyPage.status).toHaveText(/^Active · 120 days/);
  await expect(keyPage.history.first()).toContainText("Edited: description");
  await expect(keyPage.description).toHaveValue("two");
  expect((await functions.showKey(key)).key.description).toBe("two");
});

test("a new message replaces the old one", async ({ account, functions, keyPage, watch }) => {
  watch.allow(/status of 404/);
  await keyPage.openOf(account.key);
  await keyPage.description.fill("first");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("saved.");
  // The page fetches the key after the toast. If the key were gone by then, so would be the form.
  await expect(keyPage.history.first()).toContainText("Edited: description");
  await functions.deleteKey(account.key);
  await keyPage.description.fill("second");
  await keyPage.save.click();
  await expect(keyPage.heading("Deleted key")).toBeVisible();
  await expect(keyPage.toasts).toBeEmpty();
});

for (const pause of [30, 120, 400]) {
  test(`a double click on the Dashboard extends one key, ${pause} ms apart`, async ({
    keyhold,
    account: _,
    functions,
    dashboard,
  }) => {
    const pressed = await functions.createKey("First", dayAhead(2));
    const other = await functions.createKey("Second", dayAhead(3));
    const ends = async (key: typeof other) => (await keyhold.verify(key)).headers.get("x-keyhold-expires-at");
    const before = [await ends(pressed), await ends(other)];
    await dashboard.open();
    await pressTwice(dashboard.extend(pressed.name), pause, "position");

    const undo = dashboard.warning(pressed.name).getByRole("button", { name: "Undo" });
    await expect(undo).toBeVisible();
    await expect(dashboard.banner.getByRole("listitem")).toHaveCount(2);
    expect(await ends(pressed)).not.toBe(before[0]);
    expect(await ends(other)).toBe(before[1]);

    await undo.click();
    await expect(dashboard.extend(pressed.name)).toBeVisible();
    expect(await ends(pressed)).toBe(before[0]);
  });
}

test("Enter twice extends one key, and Undo gives the date back", async ({
  keyhold,
  account: _,
  functions,
  dashboard,
}) => {
  const soon = await functions.createKey("Soon", dayAhead(2));
  const over = await functions.createKey("Over");
  await functions.expireKey(over);
  const ends = (await keyhold.verify(soon)).headers.get("x-keyhold-expires-at");
  await dashboard.open();
  await dashboard.extend("Soon").focus();
  await pressTwice(dashboard.extend("Soon"), 100, "focus");
  const undo = dashboard.warning("Soon").getByRole("button", { name: "Undo" });
  await expect(undo).toBeVisible();
  expect((await keyhold.verify(soon)).headers.get("x-keyhold-expires-at")).not.toBe(ends);
  expect(await keyhold.verify(over)).toMatchObject({ code: "key_expired" });
  await undo.click();
  await expect(dashboard.extend("Soon")).toBeVisible();
  expect((await keyhold.verify(soon)).headers.get("x-keyhold-expires-at")).toBe(ends);
});

test("an outdated Dashboard does not revive a key", async ({ keyhold, account: _, functions, dashboard, watch }) => {
  watch.allow(/status of 409/);
  const soon = await functions.createKey("Soon", dayAhead(2));
  await dashboard.open();
  await functions.expireKey(soon);
  await dashboard.extend("Soon").click();
  await expect(dashboard.toasts).toContainText("has changed since you opened this page");
  expect(await keyhold.verify(soon)).toMatchObject({ code: "key_expired" });
  // The page has shown the conflict, so the next press is deliberate.
  await dashboard.extend("Soon").click();
  const undo = dashboard.warning("Soon").getByRole("button", { name: "Undo" });
  await expect(undo).toBeVisible();
  expect((await keyhold.verify(soon)).status).toBe(200);
  await undo.click();
  await expect(dashboard.toasts).toContainText("Undone: Soon has expired.");
  expect(await keyhold.verify(soon)).toMatchObject({ code: "key_expired" });
});
