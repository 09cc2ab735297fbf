import { basic } from "../harness/keyhold.ts";
import { dayAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

test("a key is accepted, expired, restored and deleted, and each call gets the right answer", async ({
  page,
  keyhold,
  account: _,
  createPage,
  keyPage,
  apiControl,
  watch,
}) => {
  watch.answerDialogs((dialog) => dialog.accept());
  await createPage.open();
  await createPage.name.fill("Checkout");
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();
  const key = await createPage.issued.read();
  expect((await keyhold.verify(key)).status).toBe(200);

  await keyPage.openOf(key);
  await keyPage.expireNow.click();
  await expect(keyPage.toasts).toContainText("Checkout has expired.");
  await expect(keyPage.status).toHaveText(/Expired/);
  const refused = await keyhold.verify(key);
  expect(refused).toMatchObject({ status: 401, code: "key_expired" });
  expect(refused.headers.get("content-type")).toBe("application/problem+json");
  expect(refused.headers.get("www-authenticate")).toBe('Basic realm="Keyhold", charset="UTF-8"');
  expect(Date.parse(String(refused.body?.["expired_at"]))).toBeLessThanOrEqual(Date.now());
  expect(refused.body?.["restore_url"]).toContain(`${keyhold.url}${KeyPage.path(key)}`);

  // The address in the program's answer leads the owner to the page that restores the key.
  await page.goto(String(refused.body?.["restore_url"]));
  await keyPage.reload();
  await expect(keyPage.status).toHaveText(/Expired/);
  await keyPage.restoration.choose("never");
  await keyPage.restore.click();
  await expect(keyPage.status).toHaveText(/Active/);
  expect((await keyhold.verify(key)).status).toBe(200);

  await keyPage.openDeletion();
  await keyPage.confirmName.fill("Something else");
  await keyPage.delete.click();
  await expect(keyPage.confirmName).toHaveAttribute("aria-invalid", "true");
  expect((await keyhold.verify(key)).status).toBe(200);
  watch.allow(/status of 422/);
  await keyPage.confirmName.fill("Checkout");
  await keyPage.delete.click();
  await expect(apiControl.heading("API Control")).toBeVisible();
  await expect(apiControl.row("Default key")).toBeVisible();
  await expect(apiControl.row("Checkout")).toHaveCount(0);
  expect(await keyhold.verify(key)).toMatchObject({ status: 401, code: "key_invalid" });

  watch.allow(/status of 404/);
  const gone = await page.goto(KeyPage.path(key));
  expect(gone?.status()).toBe(404);
});

test("all three carriers are accepted and rejected alike", async ({ keyhold, account, functions }) => {
  const { access_key, secret_key } = account.key;
  const carriers: Record<string, string>[] = [
    { authorization: basic(account.key) },
    { authorization: `Bearer ${access_key}.${secret_key}` },
    { "x-api-key": `${access_key}.${secret_key}` },
  ];
  for (const carrier of carriers) {
    expect((await keyhold.ask(carrier)).status).toBe(200);
    expect((await keyhold.ask(carrier, "/verify/any/path?gateway=nginx")).status).toBe(200);
    expect(await keyhold.ask(carrier, "/v1/account")).toMatchObject({ status: 200, body: { email: account.email } });
    expect((await keyhold.ask(carrier, "/v1/keys")).status).toBe(200);
  }
  expect(await keyhold.ask({})).toMatchObject({ status: 401, code: "credentials_missing" });
  expect(await keyhold.ask({ ...carriers[0], ...carriers[2] })).toMatchObject({
    status: 400,
    code: "credentials_malformed",
  });

  await functions.expireKey(account.key);
  for (const carrier of carriers) {
    for (const path of ["/verify", "/v1/account", "/v1/keys"]) {
      expect(await keyhold.ask(carrier, path)).toMatchObject({ status: 401, code: "key_expired" });
    }
  }
});

test("Undo reverts Expire", async ({ keyhold, account, apiControl }) => {
  await apiControl.open();
  await (await apiControl.action("Default key", "Expire now")).click();
  await expect(apiControl.row("Default key")).toContainText("Expired");
  expect(await keyhold.verify(account.key)).toMatchObject({ code: "key_expired" });

  await apiControl.undo.click();
  await expect(apiControl.row("Default key")).toContainText("Active · never expires");
  expect((await keyhold.verify(account.key)).status).toBe(200);
});

test("an edit changes name, description and expiration, and survives a reload", async ({
  page,
  keyhold,
  account,
  apiControl,
  keyPage,
}) => {
  await apiControl.open();
  await apiControl.edit("Default key").click();
  await expect(keyPage.name).toHaveValue("Default key");
  await keyPage.name.fill("Warehouse");
  await keyPage.description.fill("Prints labels");
  await keyPage.save.click();
  await expect(keyPage.toasts).toContainText("Warehouse is saved.");
  await keyPage.setTo(dayAhead(3));
  await expect(keyPage.toasts).toContainText("Warehouse now expires");
  await expect(keyPage.status).toHaveText(/Expires in [34] days/);

  await keyPage.reload();
  await expect(keyPage.name).toHaveValue("Warehouse");
  await expect(keyPage.description).toHaveValue("Prints labels");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Warehouse");
  await expect(keyPage.status).toHaveText(/Expires in [34] days/);
  const answer = await keyhold.verify(account.key);
  expect(answer.headers.get("x-keyhold-expires-at")).toBe(`${dayAhead(3)}T23:59:59.999Z`);
  expect(answer.headers.has("sunset")).toBe(true);

  // Saving again leaves the instant unchanged, to the millisecond.
  await keyPage.name.fill("Warehouse 2");
  await keyPage.save.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Warehouse 2");
  const kept = await keyhold.verify(account.key);
  expect(kept.headers.get("x-keyhold-expires-at")).toBe(`${dayAhead(3)}T23:59:59.999Z`);
});

test("deleting offers to expire instead", async ({ keyhold, account, keyPage }) => {
  await keyPage.openOf(account.key, "#delete");
  await keyPage.expireInstead.click();
  await expect(keyPage.deletion).toBeHidden();
  await expect(keyPage.status).toHaveText(/Expired/);
  expect(await keyhold.verify(account.key)).toMatchObject({ code: "key_expired" });
});

test("a key's history lists its changes", async ({ account, functions, keyPage }) => {
  await functions.expireKey(account.key);
  await functions.post("keys/edit", { access_key: account.key.access_key, name: "Warehouse", description: "Prints labels" });
  await keyPage.openOf(account.key);
  await expect(keyPage.history).toHaveCount(3);
  // From what to what, and who did it.
  await expect(keyPage.history.first()).toContainText(/Default key\s*→\s*Warehouse/);
  await expect(keyPage.history.first()).toContainText(/nothing\s*→\s*Prints labels/);
  await expect(keyPage.history.first()).toContainText(/, by you from /);
  await expect(keyPage.history.nth(1)).toContainText(/expired/i);
});

test("errors of an edit appear at their fields, and no input is lost", async ({
  account,
  keyPage,
  functions,
  watch,
}) => {
  watch.allow(/status of (404|422)/);
  await keyPage.openOf(account.key);
  await keyPage.name.fill("");
  await keyPage.description.fill("y".repeat(501));
  await keyPage.save.click();
  await expect(keyPage.name).toHaveAccessibleDescription(/Give the key a name/);
  await expect(keyPage.description).toHaveAccessibleDescription(/501 characters; the limit is 500/);
  await expect(keyPage.description).toHaveValue("y".repeat(501));

  // The key is deleted meanwhile, in another tab.
  await keyPage.name.fill("Too late");
  await keyPage.description.fill("typed");
  await functions.deleteKey(account.key);
  await keyPage.save.click();
  await expect(keyPage.heading("Deleted key")).toBeVisible();
  await expect(keyPage.page.getByText(/^You deleted Default key on .* UTC\.$/)).toBeVisible();
});
