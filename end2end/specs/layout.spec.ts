import type { Page } from "@playwright/test";

import { hydrated } from "../harness/hydration.ts";
import { expect, test } from "../harness/test.ts";
import { tour } from "../harness/tour.ts";

test("the root has the browser's size, and the body 15 px", async ({ page, signIn }) => {
  await signIn.open();
  const sizes = await page.evaluate(() => [document.documentElement, document.body].map((element) => getComputedStyle(element).fontSize));
  expect(sizes).toEqual(["16px", "15px"]);
});

/** The sum of the shifts of the page's layout that no input caused (Core Web Vitals), from its start until now. */
function shifts(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((done) => {
        new PerformanceObserver((list) => {
          const shifts = list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[];
          done(shifts.filter((shift) => !shift.hadRecentInput).reduce((sum, shift) => sum + shift.value, 0));
        }).observe({ type: "layout-shift", buffered: true });
        // The observer stays silent if there was none. Two frames are enough for what is buffered.
        requestAnimationFrame(() => requestAnimationFrame(() => done(0)));
      }),
  );
}

test("nothing moves while a page comes alive", async ({ page, account, functions }) => {
  for (let n = 0; n < 12; n += 1) await functions.createKey(`Service ${n}`, n % 2 ? "90d" : "3d", "Reads orders.");
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    const keys = "/preferences/api-control";
    const served = ["/preferences/account", "/preferences/notices", "/developers"];
    for (const path of ["/", keys, `${keys}?status=active&q=service`, `${keys}/${account.key.access_key}`, `${keys}/new`, ...served]) {
      await page.goto(path);
      await hydrated(page);
      expect.soft(await shifts(page), `${path} at ${width} px`).toBeLessThanOrEqual(0.02);
    }
  }
});

test("all pages have one layout: titles begin at one height, and content ends at one edge", async ({ page, keyhold, account, functions, mailbox, watch }) => {
  test.slow();
  watch.allow(/status of 404/);
  const sights = await tour(keyhold, account, functions, mailbox);
  // Each path once, and none of the pages without navigation.
  const paths = new Set(sights.filter((sight) => !sight.signedOut && !sight.scriptless).map((sight) => sight.path.split("#")[0]!));
  for (const width of [1280, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    const places = new Map<string, string>();
    for (const path of paths) {
      await page.goto(path);
      await hydrated(page);
      const place = await page.evaluate(() => {
        const box = (element: Element) => element.getBoundingClientRect();
        const main = document.querySelector("main")!;
        const title = box(main.querySelector("h1")!);
        const edge = box(main).right - parseFloat(getComputedStyle(main).paddingRight);
        const parts = [...main.querySelectorAll(".card, .banner, .key-table, .log, .contents, .empty, .served")].map(box);
        const ends = parts.filter((part) => part.width > 0).map((part) => part.right);
        return { top: title.top + scrollY, left: title.left, gap: Math.round(edge - Math.max(...ends)) };
      });
      places.set(path, JSON.stringify(place));
    }
    expect(new Set(places.values()).size, JSON.stringify([...places], null, 1)).toBe(1);
  }
});

test("the offline bar leaves the navigation and the last row in sight", async ({ page, account: _ }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto("/preferences/account");
  await hydrated(page);
  await page.context().setOffline(true);
  const bar = page.getByText("You're offline.");
  await expect(bar).toBeInViewport();
  const top = (await bar.boundingBox())!.y;
  const signOut = (await page.getByRole("button", { name: "Sign out" }).boundingBox())!;
  expect(signOut.y + signOut.height).toBeLessThanOrEqual(top);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const main = (await page.getByRole("main").boundingBox())!;
  expect(main.y + main.height).toBeLessThanOrEqual((await bar.boundingBox())!.y);
  await page.context().setOffline(false);
  await expect(bar).toBeHidden();
});

test("the release build has no style guide", async ({ page, account: _ }) => {
  test.skip(process.env["KEYHOLD_BINARY"] !== undefined, "it may be a debug build");
  expect((await page.request.get("/style")).status()).toBe(404);
});
