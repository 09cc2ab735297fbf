import { type BrowserContext, expect, type Page } from "@playwright/test";

/**
 * Has every page say when the script has taken it over. The router listens to `popstate` in the same task
 * that hydrates the page, so the next task finds it done. Until then forms and links work as plain ones,
 * which is right for people and makes a test's way uncertain.
 */
export async function markHydration(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const listen = window.addEventListener;
    window.addEventListener = function (this: Window, ...args: Parameters<typeof listen>) {
      if (args[0] === "popstate") {
        setTimeout(() => document.documentElement.setAttribute("data-hydrated", ""));
      }
      return listen.apply(this, args);
    } as typeof listen;
  });
}

/** Waits until the script has taken over the page. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator("html[data-hydrated]")).toBeAttached();
}
