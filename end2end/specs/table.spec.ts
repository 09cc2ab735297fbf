import type { Page } from "@playwright/test";

import { dayAhead, minutesAhead } from "../harness/days.ts";
import { violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

/** The window, or the tab, gets the focus again. */
const comeBack = (page: Page) => page.evaluate(() => dispatchEvent(new Event("focus")));

test.describe("a table of twenty keys", () => {
  test.beforeEach(async ({ account: _, functions }) => {
    for (let index = 1; index <= 19; index += 1) {
      const number = String(index).padStart(2, "0");
      await functions.createKey(`billing-worker-${number}`, ["90d", "3d", "never"][index % 3]!, "Reads the orders of the day, and a few more words");
    }
  });

  test("has a line for each key, and at least fourteen in a small window", async ({ page, apiControl }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await apiControl.open();
    await expect(apiControl.rows).toHaveCount(20);
    const seen = await apiControl.rows.evaluateAll((rows) => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length);
    expect(seen).toBeGreaterThanOrEqual(14);
    const heights = await apiControl.rows.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect([...new Set(heights)].every((height) => Math.abs(height - 44) <= 1), String(heights)).toBe(true);
    // No cell has two lines: the texts of a cell overlap in height.
    const broken = await page.locator("tbody :is(th, td)").evaluateAll((cells) =>
      cells.flatMap((cell) => {
        const boxes = [...cell.querySelectorAll(".line, .line *, code, .pill, time, .button.edit")].flatMap((part) => [...part.getClientRects()]);
        const tops = Math.max(...boxes.map((box) => box.top));
        const bottoms = Math.min(...boxes.map((box) => box.bottom));
        return boxes.length > 0 && tops >= bottoms ? [cell.textContent] : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  test("drops columns while it gets narrower, and is a list of small cards on a phone", async ({ page, apiControl, functions }) => {
    expect((await functions.post("account/table", { page_size: "50", created: "true" })).status).toBe(200);
    const columns = ["created", "used", "calls-cell", "access"];
    const expected: [number, string[]][] = [
      [1600, columns],
      [1280, columns],
      [1200, ["used", "calls-cell", "access"]],
      [1100, ["calls-cell", "access"]],
      [920, ["calls-cell", "access"]],
      [800, ["access"]],
      [640, []],
    ];
    await apiControl.open();
    for (const [width, shown] of expected) {
      await page.setViewportSize({ width, height: 800 });
      const row = apiControl.rows.first();
      await expect(row.locator(".actions .edit")).toBeVisible();
      const visible = [];
      for (const column of columns) if (await row.locator(`td.${column}`).isVisible()) visible.push(column);
      expect(visible, `${width} px`).toEqual(shown);
      expect((await row.boundingBox())!.height, `${width} px`).toBeLessThanOrEqual(45);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${width} px`).toBeLessThanOrEqual(width);
      await expect(apiControl.head("Name")).toBeVisible();
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await expect(page.getByLabel("Sort by")).toBeVisible();
    await expect(apiControl.rows.first().locator("code")).toBeVisible();
    const heights = await apiControl.rows.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect(Math.max(...heights)).toBeLessThanOrEqual(112);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });

  test("cuts no status, overlaps nothing and stays inside its window", async ({ page, apiControl, functions }) => {
    test.setTimeout(240_000);
    await functions.expireKey(await functions.createKey("retired"));
    await functions.createKey("short", minutesAhead(40));
    for (const width of [1920, 1280, 768, 640, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await apiControl.open();
      const cut = await page.locator(".pill .relative, .filters a").evaluateAll((parts) =>
        parts.filter((part) => part.scrollWidth > part.clientWidth + 1 || part.getBoundingClientRect().right > innerWidth).map((part) => part.textContent),
      );
      expect(cut, `${width} px`).toEqual([]);
      const overlapping = await apiControl.rows.evaluateAll((rows) =>
        rows.flatMap((row) => {
          const boxes = [...row.querySelectorAll(".pill, .used > *, code, .edit, summary, .sparkline")].map((part) => part.getBoundingClientRect());
          const seen = boxes.filter((box) => box.width > 0);
          const meet = (one: DOMRect, other: DOMRect) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
          return seen.some((one, at) => seen.slice(at + 1).some((other) => meet(one, other))) ? [row.textContent] : [];
        }),
      );
      expect(overlapping, `${width} px`).toEqual([]);
      // Search, filters and menus take two lines where there is no room for one.
      const tops = await page.locator(".search input, .filters, .filter-menu, .view-menu").evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().top));
      expect(new Set(tops.map(Math.round)).size, `${width} px`).toBeLessThanOrEqual(width < 640 ? 3 : 2);
      for (const row of [apiControl.rows.first(), apiControl.rows.last()]) {
        await row.locator("summary").click();
        const menu = (await row.locator(".menu-items").boundingBox())!;
        expect(menu.x, `${width} px`).toBeGreaterThanOrEqual(0);
        expect(menu.x + menu.width, `${width} px`).toBeLessThanOrEqual(width);
        const below = await page.evaluate(() => document.documentElement.scrollHeight - scrollY);
        expect(menu.y + menu.height, `${width} px`).toBeLessThanOrEqual(below);
        await page.keyboard.press("Escape");
      }
      expect(await violations(page), `${width} px`).toEqual([]);
    }
  });

  test("takes up to 1600 px, and three stops of the Tab key in a row", async ({ page, apiControl }) => {
    await page.setViewportSize({ width: 1920, height: 1080 });
    await apiControl.open();
    expect((await page.locator(".key-table").boundingBox())!.width).toBeGreaterThan(1450);
    const row = apiControl.rows.nth(3);
    await row.getByRole("checkbox").focus();
    for (let stop = 0; stop < 3; stop += 1) await page.keyboard.press("Tab");
    await expect(apiControl.rows.nth(4).getByRole("checkbox")).toBeFocused();
  });

  test("opens a key by a press anywhere in its row, but not by one that selects text", async ({ page, context, apiControl }) => {
    await apiControl.open("?sort=name");
    const row = apiControl.row("billing-worker-03");
    const code = row.locator("code");
    const box = (await code.boundingBox())!;
    await page.mouse.move(box.x + 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 4, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    expect(await page.evaluate(() => String(getSelection()))).toMatch(/^k?h?_?\w{8}/);
    await expect(page).toHaveURL(/sort=name$/);

    const other = context.waitForEvent("page");
    await row.locator(".used").click({ button: "middle" });
    const beside = await other;
    await expect(beside).toHaveURL(/api-control\/kh_/);
    await beside.close();
    await expect(page).toHaveURL(/sort=name$/);

    await row.locator(".used").click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("billing-worker-03");
  });

  test("is where it was when one comes back from a key", async ({ page, apiControl }) => {
    await page.setViewportSize({ width: 1280, height: 500 });
    await apiControl.open("?sort=name");
    await apiControl.row("billing-worker-17").scrollIntoViewIfNeeded();
    const before = await page.evaluate(() => scrollY);
    expect(before).toBeGreaterThan(200);
    await apiControl.row("billing-worker-17").getByRole("link", { name: "billing-worker-17", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("billing-worker-17");
    await page.goBack();
    await expect(apiControl.row("billing-worker-17")).toBeInViewport();
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(before);
    await expect(apiControl.row("billing-worker-17").getByRole("link", { name: "billing-worker-17", exact: true })).toBeFocused();
    // A link opens the table at its top.
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Dashboard" }).click();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "API Control" }).click();
    await expect(apiControl.rows).toHaveCount(20);
    expect(await page.evaluate(() => scrollY)).toBe(0);
  });

  test("shows the number of keys, and the filters that are on", async ({ page, apiControl, functions }) => {
    await functions.expireKey(await functions.createKey("retired"));
    await apiControl.open();
    await expect(page.getByRole("status").filter({ hasText: /^21 keys$/ })).toBeAttached();
    await expect(apiControl.clearSearch).toBeHidden();
    const places = () => page.locator(".filters li").evaluateAll((tabs) => tabs.map((tab) => Math.round(tab.getBoundingClientRect().left)));
    const before = await places();
    await apiControl.search.fill("worker billing 1");
    await expect(page).toHaveURL(/q=worker/);
    await expect(apiControl.filter("Expired")).toContainText("0");
    // Shorter numbers move nothing.
    expect(await places()).toEqual(before);
    await expect(apiControl.chips).toHaveCount(0);
    await apiControl.filter("Expiring soon").click();
    await expect(apiControl.chips).toHaveText(["Expiring soon"]);
    await (await apiControl.show("Never used")).click();
    await expect(apiControl.chips).toHaveText(["Expiring soon", "Never used"]);
    await expect(page).toHaveURL(/q=worker%20billing%201&status=expiring_soon&show=never_used/);
    const found = await apiControl.rows.count();
    await expect(page.getByRole("status").filter({ hasText: new RegExp(`^${found} keys$`) })).toBeAttached();
    await apiControl.clearSearch.click();
    await expect(apiControl.search).toBeFocused();
    await expect(apiControl.search).toHaveValue("");
    await expect(page).not.toHaveURL(/q=/);
    await expect(apiControl.clearSearch).toBeHidden();
    for (const [filter, left] of [["Expiring soon", ["Never used"]], ["Never used", []]] as const) {
      await page.getByRole("link", { name: `Remove the filter ${filter}` }).click();
      await expect(apiControl.chips).toHaveText(left);
    }
    await expect(apiControl.rows).toHaveCount(21);
    await (await apiControl.show("Never expires")).click();
    await expect(apiControl.pill("billing-worker-02")).toHaveText(/never expires/);
    await expect(apiControl.row("billing-worker-01")).toHaveCount(0);
  });

  // The links of the filters were drawn with the answer before.
  test("keeps each of several choices that are made before an answer", async ({ page, apiControl, functions }) => {
    await functions.expireKey(await functions.createKey("retired"));
    await page.goto("/preferences/api-control?q=billing&status=expiring_soon&show=never_used");
    await expect(apiControl.chips).toHaveText(["Expiring soon", "Never used"]);
    let release = () => {};
    const gate = new Promise<void>((done) => (release = done));
    await page.route("**/fn/keys/table", async (route) => {
      await gate;
      await route.continue();
    });
    await page.getByRole("link", { name: "Remove the filter Expiring soon" }).click();
    await expect(page).toHaveURL(/\?q=billing&show=never_used$/);
    await page.getByRole("link", { name: "Remove the filter Never used" }).click();
    await expect(page).toHaveURL(/\?q=billing$/);
    await apiControl.filter("Expired").click();
    await expect(page).toHaveURL(/\?q=billing&status=expired$/);
    await apiControl.clearSearch.click();
    await expect(page).toHaveURL(/api-control\?status=expired$/);
    await apiControl.head("Name").getByRole("link").click();
    await expect(page).toHaveURL(/api-control\?status=expired&sort=name$/);
    release();
    await expect(apiControl.rows).toHaveCount(1);
    await expect(apiControl.row("retired")).toBeVisible();
    await expect(apiControl.chips).toHaveText(["Expired"]);
  });

  test("dims its rows while it waits, and moves the highlight at once", async ({ page, apiControl }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await apiControl.open();
    let release = () => {};
    const gate = new Promise<void>((done) => (release = done));
    await page.route("**/fn/keys/table", async (route) => {
      await gate;
      await route.continue();
    });
    await apiControl.filter("Expiring soon").click();
    await expect(apiControl.filter("Expiring soon")).toHaveAttribute("aria-current", "true");
    await expect(apiControl.filter("All")).not.toHaveAttribute("aria-current", "true");
    await expect(apiControl.rows).toHaveCount(20);
    await expect(page.locator(".key-table tbody")).toHaveCSS("opacity", "0.5");
    await expect.poll(() => page.locator(".progress.going").evaluate((line) => line.getBoundingClientRect().width)).toBeGreaterThan(500);
    release();
    await expect(page.locator(".key-table tbody")).toHaveCSS("opacity", "1");
    await expect(page.locator(".progress.going")).toHaveCount(0);
  });

  test("keeps its columns and its page size in the account", async ({ page, apiControl }) => {
    await apiControl.open("?sort=name");
    await expect(apiControl.head("Created")).toHaveCount(0);
    await page.locator(".view-menu > summary").click();
    await page.getByRole("radio", { name: "25" }).check();
    await page.getByRole("checkbox", { name: "Created" }).check();
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(apiControl.head("Created")).toBeVisible();
    await expect(apiControl.row("billing-worker-01").locator(".created")).toHaveText(/just now|s ago|minutes? ago/);
    await apiControl.reload();
    await expect(apiControl.head("Created")).toBeVisible();
    await page.locator(".view-menu > summary").click();
    await expect(page.getByRole("radio", { name: "25" })).toBeChecked();
  });

  test("is printed alone", async ({ page, apiControl }) => {
    await apiControl.open();
    await page.emulateMedia({ media: "print" });
    await expect(apiControl.search).toBeHidden();
    await expect(apiControl.filter("All")).toBeHidden();
    await expect(apiControl.edit("billing-worker-01")).toBeHidden();
    await expect(apiControl.rows).toHaveCount(20);
    await expect(apiControl.pill("billing-worker-01")).toBeVisible();
  });
});

test("a row tells status, time and calls", async ({ page, keyhold, account, functions, apiControl }) => {
  await functions.createKey("Later", "82d");
  await functions.createKey("Soon", dayAhead(3));
  const gone = await functions.createKey("Gone");
  await functions.expireKey(gone);
  expect((await keyhold.verify(account.key)).status).toBe(200);
  expect((await keyhold.verify(gone)).status).toBe(401);
  await apiControl.open();
  await expect(apiControl.pill("Later")).toHaveText(/^Active · 82 days/);
  await expect(apiControl.pill("Soon")).toHaveText(/^Expires in [34] days/);
  await expect(apiControl.pill("Gone")).toHaveText(/^Expired (just now|\d+ minutes? ago)/);
  await expect(apiControl.pill("Default key")).toHaveText("Active · never expires");
  await expect(apiControl.pill("Soon")).toHaveAttribute("title", /23:59 UTC$/);
  await expect(async () => {
    await page.reload();
    await expect(apiControl.row("Default key").locator(".sparkline")).toHaveText("1 call in 30 days", { timeout: 250 });
    await expect(apiControl.row("Gone").locator(".sparkline")).toHaveText("1 call in 30 days, 1 refused", { timeout: 250 });
  }).toPass({ intervals: [100, 250, 500] });
  await expect(apiControl.row("Later").locator(".sparkline")).toHaveText("No calls in 30 days");
  await expect(apiControl.row("Default key").locator(".sparkline svg")).toHaveAttribute("aria-hidden", "true");
});

test("copying moves nothing, and says what to do if the clipboard is refused", async ({ page, account, apiControl }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await apiControl.open();
  const copy = page.getByRole("button", { name: "Copy access key of Default key" }).first();
  const places = () => page.locator("tbody td, tbody th").evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().left));
  const before = await places();
  await copy.click();
  await expect(page.getByRole("status").filter({ hasText: "Copied" })).toBeAttached();
  await expect(copy).toHaveAttribute("data-said", "Copied");
  expect(await places()).toEqual(before);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(account.key.access_key);

  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await copy.click();
  await expect(copy).toHaveAttribute("data-said", "Copy by hand: selected");
  expect(await page.evaluate(() => String(getSelection()).trim())).toBe(account.key.access_key);
});

test("a change elsewhere shows when one comes back, and nothing typed or selected is lost", async ({ page, account, functions, apiControl }) => {
  const key = await functions.createKey("Shared");
  await apiControl.open();
  await apiControl.select("Default key").check();
  await apiControl.row("Shared").getByRole("link", { name: "Shared", exact: true }).focus();
  await functions.expireKey(key);
  await functions.createKey("New one");
  await comeBack(page);
  await expect(apiControl.pill("Shared")).toHaveText(/^Expired/);
  await expect(apiControl.row("New one")).toBeVisible();
  await expect(apiControl.select("Default key")).toBeChecked();
  await expect(apiControl.row("Shared").getByRole("link", { name: "Shared", exact: true })).toBeFocused();

  const keyPage = new KeyPage(page);
  await keyPage.openOf(account.key);
  await keyPage.description.fill("half written");
  await functions.expireKey(account.key);
  await comeBack(page);
  await expect(keyPage.status).toHaveText(/Expired/);
  await expect(keyPage.description).toHaveValue("half written");
});

test("an error clears by itself when the connection is back", async ({ page, account: _, apiControl, watch }) => {
  watch.allow(/Failed to load resource|ERR_INTERNET_DISCONNECTED/);
  await apiControl.open();
  await page.context().setOffline(true);
  await apiControl.filter("Expired").click();
  await expect(page.getByText("This page can't be shown right now")).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText("No key matches")).toBeVisible();
});

test("a status changes at its instant, and what is open stays open", async ({ page, account: _, functions, apiControl }) => {
  await functions.createKey("Dying", new Date(Date.now() + 6000).toISOString());
  await functions.createKey("Other", "10d");
  await apiControl.open();
  await expect(apiControl.pill("Dying")).toHaveText(/^Expires in 1 min/);
  await apiControl.select("Other").check();
  await apiControl.row("Other").locator("summary").click();
  await expect(apiControl.pill("Dying")).toHaveText(/^Expired just now/);
  await expect(apiControl.row("Other").locator(".menu-items")).toBeVisible();
  await expect(apiControl.select("Other")).toBeChecked();
  await page.keyboard.press("Escape");
  await apiControl.bulk.getByRole("button", { name: "Clear the selection" }).click();
  await expect(apiControl.filter("Expired")).toContainText("1");
});

test("a pasted secret is matched to its key", async ({ page, account, functions, apiControl, watch }) => {
  // One with a wrong checksum is no secret.
  watch.allow(/status of 422/);
  const other = await functions.createKey("Leaked one");
  await apiControl.open();
  await apiControl.search.fill(other.secret_key);
  await expect(apiControl.toasts).toContainText("Leaked one");
  await apiControl.search.fill(`khs_${"0".repeat(49)}`);
  await expect(apiControl.toasts).not.toContainText("Leaked one");
  expect(page.url()).not.toContain("khs_");
  expect(account.key.secret_key).not.toBe(other.secret_key);
});

test("with forced colours the current filter can be told", async ({ page, account: _, apiControl }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await apiControl.open("?status=active");
  const ground = (link: import("@playwright/test").Locator) => link.evaluate((link) => getComputedStyle(link).backgroundColor);
  expect(await ground(apiControl.filter("Active"))).not.toBe(await ground(apiControl.filter("All")));
});
