import { expect, test } from "../harness/test.ts";

test("Undo is refused with a reason once the key has changed since", async ({ keyhold, account, functions, keyPage, watch }) => {
  watch.allow(/status of 409/);
  await keyPage.openOf(account.key);
  await keyPage.expireNow.click();
  await expect(keyPage.toasts).toContainText("Default key has expired.");
  await functions.post("keys/restore", { access_key: account.key.access_key, expiry: "30d" });
  await keyPage.undo.click();
  await expect(keyPage.toasts).toContainText("Default key has changed since, so nothing was undone.");
  await expect(keyPage.undo).toHaveCount(0);
  // The page shows what it had not seen.
  await expect(keyPage.status).toHaveText(/Active/);
  expect((await keyhold.verify(account.key)).status).toBe(200);
});

test("Undo gives back the exact expiration, and says so", async ({ keyhold, account: _, functions, keyPage }) => {
  const key = await functions.createKey("Exact", "3d");
  const ends = (await keyhold.verify(key)).headers.get("x-keyhold-expires-at");
  await keyPage.openOf(key);
  await keyPage.expireNow.click();
  await expect(keyPage.status).toHaveText(/^Expired/);
  await keyPage.undo.click();
  await expect(keyPage.toasts).toContainText(/Undone: Exact expires .* \(in 3 days\)\./);
  await expect(keyPage.undo).toHaveCount(0);
  expect((await keyhold.verify(key)).headers.get("x-keyhold-expires-at")).toBe(ends);
  await expect(keyPage.history.first()).toContainText("Undone: the manual expiration");
});
