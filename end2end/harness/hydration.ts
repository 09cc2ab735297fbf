import { type BrowserContext, expect, type Page } from "@playwright/test";

/**
 * Marks every page once the script has taken it over. The router starts to listen to `popstate` in the task that
 * hydrates the page, so hydration is complete in the next task. Until then forms and links work without script, which
 * is right for users but makes a test nondeterministic.
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

/** Waits until the script has taken over the page, or runs on a page that comes without the module. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator("html[data-hydrated], html[data-alive=page]")).toBeAttached();
}
