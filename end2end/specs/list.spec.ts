import { dayAhead } from "../harness/days.ts";
import { expect, test } from "../harness/test.ts";

test.describe("with keys in every state", () => {
  test.beforeEach(async ({ account: _, functions }) => {
    await functions.createKey("Alpha", "365d", "reads invoices");
    await functions.createKey("Bravo", dayAhead(3), "writes orders");
    await functions.expireKey(await functions.createKey("Charlie", "never", "reads orders"));
  });

  test("search covers name, description and access key, and is part of the address", async ({
    page,
    account,
    apiControl,
  }) => {
    await apiControl.open();
    await expect(apiControl.rows).toHaveCount(4);
    await apiControl.search.fill("orders");
    await expect(apiControl.names()).toHaveText(["Charlie", "Bravo"]);
    await expect(page).toHaveURL(/[?&]q=orders/);

    await apiControl.search.fill("ALPHA");
    await expect(apiControl.names()).toHaveText(["Alpha"]);
    await apiControl.search.fill(account.key.access_key.slice(4, 14));
    await expect(apiControl.names()).toHaveText(["Default key"]);
    await apiControl.search.fill("nothing like it");
    await expect(apiControl.rows).toHaveCount(0);
    // An SQL wildcard is an ordinary character.
    await apiControl.search.fill("%");
    await expect(page).toHaveURL(/q=%25/);
    await expect(apiControl.rows).toHaveCount(0);

    await apiControl.open("?q=reads");
    await expect(apiControl.search).toHaveValue("reads");
    await expect(apiControl.names()).toHaveText(["Charlie", "Alpha"]);
  });

  test("the status filter shows counts, and the Back button undoes it", async ({ page, apiControl }) => {
    await apiControl.open();
    await expect(apiControl.filter("All")).toContainText("4");
    await expect(apiControl.filter("Active")).toContainText("2");
    await expect(apiControl.filter("Expiring soon")).toContainText("1");
    await expect(apiControl.filter("Expired")).toContainText("1");

    await apiControl.filter("Expiring soon").click();
    await expect(apiControl.names()).toHaveText(["Bravo"]);
    await expect(page).toHaveURL(/status=expiring_soon/);
    await apiControl.filter("Expired").click();
    await expect(apiControl.names()).toHaveText(["Charlie"]);
    await page.goBack();
    await expect(apiControl.names()).toHaveText(["Bravo"]);
    await page.goBack();
    await expect(apiControl.rows).toHaveCount(4);
    await page.goForward();
    await expect(apiControl.names()).toHaveText(["Bravo"]);
    await apiControl.reload();
    await expect(apiControl.names()).toHaveText(["Bravo"]);
  });

  test("every column sorts in both directions", async ({ page, functions, apiControl }) => {
    expect((await functions.post("account/table", { page_size: "50", created: "true" })).status).toBe(200);
    await apiControl.open();
    await expect(apiControl.names()).toHaveText(["Charlie", "Bravo", "Alpha", "Default key"]);
    const orders: [string, string, string[]][] = [
      ["Name", "name", ["Alpha", "Bravo", "Charlie", "Default key"]],
      ["Created", "created", ["Default key", "Alpha", "Bravo", "Charlie"]],
      ["Status", "status", ["Charlie", "Bravo", "Alpha", "Default key"]],
    ];
    for (const [column, slug, ascending] of orders) {
      await apiControl.open(`?sort=-${slug}`);
      await expect(apiControl.head(column)).toHaveAttribute("aria-sort", "descending");
      await expect(apiControl.names()).toHaveText([...ascending].reverse());
      await apiControl.head(column).getByRole("link").click();
      await expect(apiControl.names()).toHaveText(ascending);
      await expect(apiControl.head(column)).toHaveAttribute("aria-sort", "ascending");
      await expect(page).toHaveURL(new RegExp(`sort=${slug}`));
    }
    await apiControl.head("Access key").getByRole("link").click();
    await expect(apiControl.head("Access key")).toHaveAttribute("aria-sort", "ascending");
    const sorted = await apiControl.rows.getByText(/^kh_/).allInnerTexts();
    expect(sorted).toEqual([...sorted].sort());
    await apiControl.open("?sort=expires");
    await expect(apiControl.head("Status")).toHaveAttribute("aria-sort", "ascending");
    await expect(apiControl.rows).toHaveCount(4);
  });
});

test("a page has fifty keys, and pages are links", async ({ page, account: _, functions, apiControl }) => {
  for (let index = 1; index <= 51; index += 1) {
    await functions.createKey(`Key ${String(index).padStart(2, "0")}`);
  }
  await apiControl.open("?sort=name");
  await expect(apiControl.rows).toHaveCount(50);
  await expect(apiControl.names().first()).toHaveText("Default key");
  await page.getByRole("link", { name: "Next" }).click();
  await expect(apiControl.names()).toHaveText(["Key 50", "Key 51"]);
  await expect(page).toHaveURL(/page=2/);
  await page.goBack();
  await expect(apiControl.rows).toHaveCount(50);
  await apiControl.open("?sort=name&page=99");
  await expect(apiControl.names()).toHaveText(["Key 50", "Key 51"]);
  // Meaningless parts of an address are ignored.
  await apiControl.open("?sort=nonsense&page=-1&status=what");
  await expect(apiControl.rows).toHaveCount(50);
});

for (const size of [25, 100]) {
  test(`a page has ${size} keys once the account has chosen so`, async ({ page, account: _, functions, apiControl }) => {
    for (let index = 1; index <= 51; index += 1) await functions.createKey(`Key ${index}`);
    await apiControl.open();
    await page.locator(".view-menu > summary").click();
    await expect(page.locator(".view-menu").getByRole("radio")).toHaveCount(3);
    await page.getByRole("radio", { name: String(size), exact: true }).check();
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(apiControl.rows).toHaveCount(Math.min(size, 52));
    await apiControl.reload();
    await expect(apiControl.rows).toHaveCount(Math.min(size, 52));
  });
}

test("a row has a quiet Edit, a menu of what can be done, and a tooltip of what is cut", async ({ page, account: _, functions, apiControl }) => {
  const description = "Reads the orders of the day, then sends them to the warehouse, which prints the labels. ".repeat(3).trim();
  await functions.createKey("Nightly export", "30d", description);
  await functions.expireKey(await functions.createKey("Retired"));
  await page.setViewportSize({ width: 1280, height: 800 });
  await apiControl.open();
  const style = (locator: typeof apiControl.create) =>
    locator.evaluate((element) => {
      const { color, backgroundColor } = getComputedStyle(element);
      return { color, backgroundColor };
    });
  const edit = await style(apiControl.edit("Nightly export"));
  const solid = await style(apiControl.create);
  const blue = (colour: string) => {
    const [, chroma, hue] = colour.match(/^oklch\(\S+ (\S+) (\S+?)\)$/) ?? [];
    return Number(chroma) > 0.1 && Math.abs(Number(hue) - 260) < 15;
  };
  expect(blue(edit.color), edit.color).toBe(true);
  expect(blue(solid.backgroundColor), solid.backgroundColor).toBe(true);
  expect(blue(edit.backgroundColor), edit.backgroundColor).toBe(false);

  const line = apiControl.row("Nightly export").locator(".line");
  await expect(line).toHaveAttribute("title", `Nightly export – ${description}`);
  expect(await line.evaluate((line) => line.scrollWidth > line.clientWidth || [...line.children].some((part) => part.scrollWidth > part.clientWidth))).toBe(true);

  const extensions = [/Extend \+?30 days/, /Extend \+?90 days/, /Extend \+?365 days/];
  for (const [name, items, others] of [
    ["Nightly export", [...extensions, /Copy access key/, /Expire now/, /Delete…/], [/Restore/]],
    ["Retired", [/Restore…/, /Copy access key/, /Delete…/], [...extensions, /Expire now/]],
  ] as const) {
    await apiControl.row(name).locator("summary").click();
    const item = (words: RegExp) => {
      const menu = apiControl.row(name).locator(".menu-items");
      return menu.getByRole("button", { name: words }).or(menu.getByRole("link", { name: words }));
    };
    for (const words of items) await expect(item(words), `${words} of ${name}`).toBeVisible();
    for (const words of others) await expect(item(words), `${words} of ${name}`).toHaveCount(0);
    await page.keyboard.press("Escape");
  }
});

test("a change made elsewhere shows when the connection is back", async ({ page, account: _, functions, apiControl }) => {
  const key = await functions.createKey("Shared");
  await apiControl.open();
  await expect(apiControl.pill("Shared")).toHaveText(/^Active/);
  await functions.expireKey(key);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(apiControl.pill("Shared")).toHaveText(/^Expired/);
});
