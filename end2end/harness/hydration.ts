import { expect, type Page } from "@playwright/test";

/**
 * Waits until the script has taken over the page, has given it up, or runs on a page that comes without the module. Until
 * then forms and links work without script, which is right for users but makes a test nondeterministic.
 */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator("html:is([data-alive], [data-plain])")).toBeAttached();
}
