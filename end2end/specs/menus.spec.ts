import { expect, test } from "../harness/test.ts";

test("a menu stays open while its own text is pressed", async ({ page, account, apiControl, keyPage }) => {
  await apiControl.open();
  const menu = page.locator(".view-menu");
  await menu.locator("summary").click();
  await menu.locator("legend").first().click();
  await expect(menu).toHaveAttribute("open", "");
  await page.getByRole("heading", { level: 1 }).click();
  await expect(menu).not.toHaveAttribute("open");

  await keyPage.openOf(account.key);
  const extension = page.locator("#extend");
  await extension.locator("summary").click();
  await extension.locator("label").first().click();
  await expect(keyPage.extension.select).toBeVisible();
});
