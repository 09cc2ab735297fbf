import { overflow, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 360]) {
    test(`axe finds nothing on the API reference: ${colorScheme}, ${width} px`, async ({ page, keyhold }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${keyhold.url}/admin/reference`);
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
    });
  }
}

test("the type of a problem leads to its row in the API reference", async ({ page, keyhold }) => {
  const refused = await keyhold.ask({}, "/admin/v1/accounts");
  expect(refused.status).toBe(401);
  await page.goto(String(refused.body?.["type"]));
  await expect(page.locator("#credentials_missing")).toBeInViewport();
  await expect(page.locator("#credentials_missing")).toContainText("401");
});

test("every entry of the contents leads to its section", async ({ page, keyhold }) => {
  await page.goto(`${keyhold.url}/admin/reference`);
  const links = page.getByRole("navigation", { name: "On this page" }).getByRole("link");
  const targets = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")!));
  expect(targets.length).toBeGreaterThan(25);
  for (const target of targets) await expect(page.locator(target)).toHaveCount(1);
  await links.filter({ hasText: "Suspend an account" }).click();
  await expect(page.getByRole("heading", { name: "Suspend an account" })).toBeInViewport();
});
