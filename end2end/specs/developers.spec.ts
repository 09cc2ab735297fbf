import { expect, test } from "../harness/test.ts";

test("the contract is explained with the account's own access key", async ({ page, keyhold, account, apiControl }) => {
  await apiControl.open();
  await page.getByRole("main").getByRole("link", { name: "How to use keys" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Developers" })).toBeVisible();
  const main = page.getByRole("main");
  await expect(main).toContainText(account.key.access_key);
  await expect(main).toContainText(`${keyhold.url}/verify`);
  for (const code of [
    "credentials_missing",
    "credentials_malformed",
    "key_invalid",
    "key_expired",
    "forbidden",
    "rate_limited",
    "unavailable",
  ]) {
    await expect(main.getByText(code, { exact: true }).first()).toBeVisible();
  }
});

test("an unknown page is a 404 with a link back", async ({ page, account: _, dashboard, watch }) => {
  watch.allow(/status of 404/);
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
  await page.getByRole("main").getByRole("link").first().click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
});
