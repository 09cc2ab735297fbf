import { readFileSync } from "node:fs";

import { dayAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";

test("a range and the page can be selected, and the bar takes the filters' place", async ({ page, account: _, functions, apiControl }) => {
  for (const name of ["a", "b", "c", "d"]) await functions.createKey(name, "10d");
  await apiControl.open("?sort=name");
  await expect(apiControl.bulk).toBeHidden();
  const top = (await apiControl.rows.first().boundingBox())!.y;
  await apiControl.select("a").check();
  await apiControl.select("c").click({ modifiers: ["Shift"] });
  await expect(apiControl.bulk).toContainText("3 selected");
  await expect(apiControl.search).toBeHidden();
  await expect(apiControl.filter("All")).toBeHidden();
  expect(Math.abs((await apiControl.rows.first().boundingBox())!.y - top), "the table stays").toBeLessThanOrEqual(1);
  await expect(apiControl.select("b")).toBeChecked();
  await apiControl.select("b").uncheck();
  await expect(apiControl.bulk).toContainText("2 selected");
  expect(await apiControl.selectPage.evaluate((box: HTMLInputElement) => box.indeterminate)).toBe(true);
  await apiControl.selectPage.check();
  await expect(apiControl.bulk).toContainText("5 selected");
  await apiControl.bulk.getByRole("button", { name: "Clear the selection" }).click();
  await expect(apiControl.bulk).toBeHidden();
  await expect(apiControl.selectPage).not.toBeChecked();
  await expect(apiControl.search).toBeVisible();

  // Escape closes an open menu first.
  await apiControl.select("a").check();
  await apiControl.bulk.locator("summary").first().click();
  await page.keyboard.press("Escape");
  await expect(apiControl.bulk.locator("details[open]")).toHaveCount(0);
  await expect(apiControl.bulk).toContainText("1 selected");
  await page.keyboard.press("Escape");
  await expect(apiControl.bulk).toBeHidden();
  await expect(apiControl.select("a")).not.toBeChecked();

  // Another filter starts without a selection.
  await apiControl.select("a").check();
  await apiControl.open("?sort=-name");
  await expect(apiControl.bulk).toBeHidden();
  await expect(page.locator("[name=key]:checked")).toHaveCount(0);
});

test("all keys that match are extended in two presses, and one Undo", async ({ account: _, functions, apiControl }) => {
  test.setTimeout(180_000);
  for (let index = 1; index <= 59; index += 1) await functions.createKey(`job ${index}`, "10d");
  await apiControl.open("?q=job");
  await expect(apiControl.rows).toHaveCount(50);
  await apiControl.selectPage.check();
  await apiControl.bulk.getByLabel("All 59 that match").check();
  await expect(apiControl.bulk).toContainText("All 59 selected");
  await (await apiControl.bulkAction("Extend", "+90 days")).click();
  await expect(apiControl.toasts).toContainText(/^59 keys/);
  await expect(apiControl.bulk).toBeHidden();
  await expect(apiControl.pill("job 59")).toHaveText(/^Active · 100 days/);
  await apiControl.undo.click();
  await expect(apiControl.pill("job 59")).toHaveText(/^Expires in 10 days/);
  await apiControl.filter("Expiring soon").click();
  await expect(apiControl.filter("Expiring soon")).toContainText("59");
});

test("what keeps an action from being foreseen is told", async ({ account: _, functions, apiControl, watch }) => {
  watch.allow(/status of 404/);
  const gone = await functions.createKey("gone", "10d");
  await apiControl.open();
  await apiControl.select("gone").check();
  await apiControl.bulkAction("Set date", "Set date");
  expect((await functions.post("keys/delete", { access_key: gone.access_key, confirm_name: "gone" })).status).toBe(200);
  await apiControl.bulk.getByLabel("Expires at the end of").fill(dayAhead(40));
  await expect(apiControl.outcome).toHaveText(/^kh_\w+ is not one of your keys/);
});

test("a date is set, and keys expire, with Undo", async ({ account: _, functions, apiControl, keyhold }) => {
  const keys = [await functions.createKey("one", "10d"), await functions.createKey("two")];
  await apiControl.open();
  await apiControl.select("one").check();
  await apiControl.select("two").check();
  const set = await apiControl.bulkAction("Set date", "Set date");
  await apiControl.bulk.getByLabel("Expires at the end of").fill(dayAhead(40));
  await expect(apiControl.outcome).toHaveText(/^Expires .*, 23:59\sUTC, in 4[01] days\. Shortens 1\.$/);
  await set.click();
  await expect(apiControl.toasts).toContainText(/^2 keys now expire on \d{1,2} \w{3} \d{4}\./);
  for (const name of ["one", "two"]) await expect(apiControl.pill(name)).toHaveText(/^Active · 4[01] days/);
  const answer = await keyhold.verify(keys[1]!);
  expect(answer.headers.get("x-keyhold-expires-at")).toBe(`${dayAhead(40)}T23:59:59.999Z`);

  await apiControl.select("one").check();
  await apiControl.select("two").check();
  await apiControl.bulk.getByRole("button", { name: "Expire", exact: true }).click();
  await expect(apiControl.toasts).toContainText("2 keys have expired.");
  for (const key of keys) expect(await keyhold.verify(key)).toMatchObject({ code: "key_expired" });
  await apiControl.undo.click();
  await expect(apiControl.pill("two")).toHaveText(/^Active/);
  for (const key of keys) expect((await keyhold.verify(key)).status).toBe(200);
});

test("the Enter key sets the date in its field, and changes nothing on a checkbox", async ({ page, account: _, functions, apiControl }) => {
  await functions.createKey("one", "10d");
  await apiControl.open();
  let sent = 0;
  page.on("request", (request) => (sent += Number(request.url().endsWith("/fn/keys/bulk"))));
  await apiControl.select("one").check();
  await apiControl.select("one").press("Enter");
  await apiControl.bulkAction("Set date", "Set date");
  const date = apiControl.bulk.getByLabel("Expires at the end of");
  await expect(date).toHaveAttribute("min", dayAhead(0));
  await date.fill(dayAhead(40));
  await date.press("Enter");
  await expect(apiControl.pill("one")).toHaveText(/^Active · 4[01] days/);
  expect(sent).toBe(1);
});

test("deletion asks for the number of keys", async ({ account: _, functions, apiControl, watch }) => {
  watch.allow(/status of 422/);
  for (const name of ["one", "two"]) await functions.createKey(name);
  await apiControl.open();
  await apiControl.select("one").check();
  await apiControl.select("two").check();
  await apiControl.bulk.getByRole("button", { name: "Delete…" }).click();
  await expect(apiControl.dialog).toContainText("Delete 2 keys?");
  const number = apiControl.dialog.getByLabel("Number of keys");
  await number.fill("3");
  await apiControl.dialog.getByRole("button", { name: "Delete keys" }).click();
  await expect(number).toHaveAttribute("aria-invalid", "true");
  await number.fill("2");
  await apiControl.dialog.getByRole("button", { name: "Delete keys" }).click();
  await expect(apiControl.dialog).toBeHidden();
  await expect(apiControl.names()).toHaveText(["Default key"]);
  await expect(apiControl.toasts).toContainText("2 keys");
  await expect(apiControl.undo).toHaveCount(0);

  await functions.createKey("three");
  await apiControl.reload();
  await apiControl.select("three").check();
  await apiControl.bulk.getByRole("button", { name: "Delete…" }).click();
  await expect(apiControl.dialog).toContainText("Delete 1 key?");
  await apiControl.dialog.getByRole("button", { name: "Expire instead" }).click();
  await expect(apiControl.pill("three")).toHaveText(/^Expired/);
});

test("the question before a deletion names the keys, first those that were used last", async ({
  page,
  keyhold,
  account,
  functions,
  apiControl,
}) => {
  await page.setViewportSize({ width: 360, height: 800 });
  const used = await functions.createKey("<b>used</b>", "90d");
  for (const index of [1, 2, 3, 4, 5, 6]) await functions.createKey(`idle ${index}`);
  await keyhold.call(used, "198.51.100.1", "curl/8.5.0");
  await expect.poll(async () => (await functions.showKey(used)).callers.length).toBe(1);
  await apiControl.open("?sort=name");
  await expect(apiControl.lastUse("<b>used</b>").locator("time")).toBeVisible();
  for (const name of ["Default key", "<b>used</b>"]) await apiControl.select(name).check();
  const ask = apiControl.bulk.getByRole("button", { name: "Delete…" });
  await ask.click();
  const keys = apiControl.dialog.getByRole("listitem");
  await expect(keys).toHaveText([/^<b>used<\/b>\s*Used /, /^Default key\s*Never used$/]);
  await expect(apiControl.dialog.getByLabel("Number of keys")).toBeFocused();
  await page.keyboard.press("Escape");
  for (let index = 1; index <= 6; index += 1) await apiControl.select(`idle ${index}`).check();
  await ask.click();
  await expect(keys).toHaveCount(7);
  await expect(keys.first()).toContainText("<b>used</b>");
  await expect(keys.last()).toHaveText("and 2 more");
  await expect(apiControl.dialog.getByLabel("Number of keys")).toBeInViewport({ ratio: 1 });
  await apiControl.dialog.getByLabel("Number of keys").fill("8");
  await apiControl.dialog.getByRole("button", { name: "Delete keys" }).click();
  await expect(apiControl.dialog).toBeHidden();
  expect((await keyhold.verify(account.key)).status).toBe(401);
});

test("the selection is exported", async ({ page, account: _, functions, apiControl }) => {
  await functions.createKey("=danger");
  await functions.createKey("other");
  await apiControl.open();
  await apiControl.select("=danger").check();
  for (const [label, type] of [
    ["CSV", /\.csv$/],
    ["JSON", /\.json$/],
  ] as const) {
    const download = page.waitForEvent("download");
    await (await apiControl.bulkAction("Export", label)).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(type);
    const text = readFileSync(await file.path(), "utf8");
    expect(text).toContain("=danger");
    expect(text).not.toContain("other");
  }
  await expect(apiControl.select("=danger")).toBeChecked();
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test.beforeEach(({ watch }) => watch.allow(/status of (401|422)/));

  test("the selection is a form", async ({ page, keyhold, account, functions, apiControl }) => {
    const keys = [await functions.createKey("one", "10d"), await functions.createKey("two", "10d")];
    await page.goto(apiControl.path);
    await expect(apiControl.bulk).toBeHidden();
    await apiControl.select("one").check();
    await apiControl.select("two").check();
    await expect(apiControl.bulk).toBeVisible();
    await (await apiControl.bulkAction("Extend", "+30 days")).click();
    await expect(page).toHaveURL(/\/preferences\/api-control/);
    for (const name of ["one", "two"]) await expect(apiControl.pill(name)).toHaveText(/^Active · 40 days/);

    await apiControl.select("one").check();
    await apiControl.bulk.getByRole("button", { name: "Expire", exact: true }).click();
    await expect(apiControl.pill("one")).toHaveText(/^Expired/);
    expect(await keyhold.verify(keys[0]!)).toMatchObject({ code: "key_expired" });
    expect((await keyhold.verify(account.key)).status).toBe(200);

    // The first press asks for the number.
    await apiControl.select("one").check();
    await apiControl.select("two").check();
    await apiControl.bulk.getByRole("button", { name: "Delete…" }).click();
    await expect(apiControl.dialog).toContainText("Delete 2 keys?");
    await apiControl.dialog.getByLabel("Number of keys").fill("2");
    await apiControl.dialog.getByRole("button", { name: "Delete keys" }).click();
    await expect(apiControl.names()).toHaveText(["Default key"]);
  });

  test("a row's menu extends and expires", async ({ page, functions, account: _, apiControl }) => {
    await functions.createKey("Plain", "10d");
    await page.goto(apiControl.path);
    await (await apiControl.action("Plain", "Extend +30 days")).click();
    await expect(page).toHaveURL(/[?&]done=/);
    await page.goto(apiControl.path);
    await expect(apiControl.pill("Plain")).toHaveText(/^Active · 40 days/);
    await (await apiControl.action("Plain", "Expire now")).click();
    await expect(page).toHaveURL(/[?&]done=/);
    await page.goto(apiControl.path);
    await expect(apiControl.pill("Plain")).toHaveText(/^Expired/);
  });
});
