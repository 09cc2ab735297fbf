import type { Page } from "@playwright/test";

import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

/** Tries every insertion point on every page, which takes a quarter of an hour; by default a sample of them. */
const EVERY_PLACE = process.env["KEYHOLD_EVERY_PLACE"] !== undefined;
const PLACES = ["beforebegin", "afterend", "afterbegin"] as const;

/** Delays the module until the returned function is called. */
async function holdModule(page: Page): Promise<() => void> {
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route(/\.wasm$/, async (route) => {
    await gate;
    await route.continue();
  });
  return release;
}

/** Opens a page whose module loads only when the returned function is called. */
async function openHeld(page: Page, path: string): Promise<() => void> {
  const release = await holdModule(page);
  await page.goto(path, { waitUntil: "domcontentloaded" });
  return release;
}

async function takenOver(page: Page): Promise<void> {
  await expect(page.locator("html[data-alive]")).toBeAttached();
}

async function leftPlain(page: Page): Promise<void> {
  await expect(page.locator("html[data-plain]")).toBeAttached();
}

/** The indices to try out of `count`: all of them, or a deterministic sample. */
function spread(count: number, wanted: number): number[] {
  const step = EVERY_PLACE ? 1 : Math.max(1, Math.floor(count / wanted));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

/** The path of the page of the account's default key. */
const KEY_PAGE = "a key's page";

/** An action on a page, and its required result, which is always visible. */
interface Use {
  path: string;
  act: (page: Page) => Promise<void>;
  sees: (page: Page) => Promise<void>;
}

const USES: Use[] = [
  {
    path: "/sign-up",
    act: async (page) => {
      await page.getByLabel("Email", { exact: true }).fill("unknown@example.com");
      await page.getByRole("button", { name: "Create account" }).click();
    },
    sees: (page) => expect(page.getByText("Choose a password.")).toBeVisible(),
  },
  {
    path: "/sign-in",
    act: (page) => page.getByRole("button", { name: "Sign in" }).click(),
    sees: (page) => expect(page.getByText("Enter your email address.")).toBeVisible(),
  },
  {
    path: "/preferences/api-control/new",
    act: async (page) => {
      await page.getByLabel("Name", { exact: true }).fill("Foreign");
      await page.getByRole("main").getByRole("button", { name: "Create key" }).click();
    },
    sees: (page) => expect(page.getByTestId("secret-key")).toHaveText(/^khs_/),
  },
  {
    path: KEY_PAGE,
    act: async (page) => {
      await page.getByLabel("Description").fill("edited");
      await page.getByRole("button", { name: "Save changes" }).click();
    },
    sees: (page) => expect(page.getByText(/ saved\.$/).first()).toBeVisible(),
  },
  {
    path: "/preferences/api-control",
    act: (page) => page.getByLabel("Search keys").fill("nothing like it"),
    sees: (page) => expect(page.getByText("No key matches")).toBeVisible(),
  },
];

for (const [turn, { path: where, act, sees }] of USES.entries()) {
  test(`foreign elements in ${where} do no harm`, async ({ browser, keyhold, functions, page, watch }) => {
    test.setTimeout(EVERY_PLACE ? 1_200_000 : 90_000);
    watch.answerDialogs((dialog) => dialog.accept());
    let path = where;
    if (!path.startsWith("/sign")) {
      const key = await functions.signUp(`foreign.${turn}@example.com`, "UTC");
      if (path === KEY_PAGE) path = KeyPage.path(key);
    }
    await page.goto(path);
    // The count in the page as sent: the script adds elements of its own.
    const count = Number(await page.locator("body").getAttribute("data-elements"));
    const state = await page.context().storageState();
    for (const [index, number] of spread(count, 4).entries()) {
      for (const place of EVERY_PLACE ? PLACES : [PLACES[index % PLACES.length]!]) {
        const context = await browser.newContext({ storageState: state, baseURL: keyhold.url });
        const other = await context.newPage();
        other.on("dialog", (dialog) => void dialog.accept());
        await other.addInitScript(
          ([number, place]) => {
            document.addEventListener("DOMContentLoaded", () => {
              const foreign = document.createElement("div");
              foreign.id = "foreign";
              document.querySelectorAll("body *")[number]?.insertAdjacentElement(place, foreign);
            });
          },
          [number, place] as const,
        );
        await (await openHeld(other, path))();
        await test.step(`${place} of element ${number}`, async () => {
          await expect(other.locator("#foreign")).toBeAttached();
          await takenOver(other);
          await expect(other.locator("#foreign"), "it is put back").toBeAttached();
          await act(other);
          await sees(other);
        });
        await context.close();
      }
    }
  });
}

test("a page that was changed while it was parsed works without its script", async ({ page, account: _, createPage, keyhold }) => {
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      const field = document.querySelector(".field");
      if (!field) return;
      observer.disconnect();
      field.before(document.createElement("div"));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  await page.goto(createPage.path);
  await leftPlain(page);
  await createPage.name.fill("Plain");
  await createPage.expiration.choose("30d");
  await createPage.submit.click();
  expect((await keyhold.verify(await createPage.issued.read())).status).toBe(200);
});

test("a panic during hydration releases every form", async ({ page, account: _, createPage, keyhold, watch }) => {
  watch.allow(/unreachable/);
  await page.addInitScript(() => {
    let takeOver = (_: () => void) => {};
    Object.defineProperty(globalThis, "takeOver", {
      set: (value) => (takeOver = value),
      get: () => (hydrate: () => void) =>
        takeOver(() => {
          hydrate();
          throw new WebAssembly.RuntimeError("unreachable");
        }),
    });
  });
  await page.goto(createPage.path);
  await leftPlain(page);
  await createPage.name.fill("Let go");
  const posted = page.waitForRequest((request) => request.method() === "POST");
  await createPage.submit.click();
  expect((await posted).isNavigationRequest(), "the browser sends it, not the script").toBe(true);
  expect((await keyhold.verify(await createPage.issued.read())).status).toBe(200);
});

test("a later panic releases every form, and hides controls that would do nothing", async ({
  page,
  account,
  keyPage,
  keyhold,
  watch,
}) => {
  watch.allow(/unreachable/);
  await keyPage.openOf(account.key);
  await expect(page.getByRole("button", { name: /^Copy/ }).first()).toBeVisible();
  await page.evaluate(() => {
    setTimeout(() => {
      throw new WebAssembly.RuntimeError("unreachable");
    });
  });
  await leftPlain(page);
  await expect(page.getByRole("button", { name: /^Copy/ })).toHaveCount(0);
  await keyPage.expireNow.click();
  await expect(page).toHaveURL(/done=expired/);
  expect((await keyhold.verify(account.key)).code).toBe("key_expired");
});

test("without the module every form works", async ({ page, account: _, createPage, watch }) => {
  watch.allow(/Failed to (load|fetch)|ERR_FAILED/);
  await page.route(/\.wasm$/, (route) => route.abort());
  await page.goto(createPage.path);
  await createPage.name.fill("No module");
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();
});

test.describe("input from before hydration survives it", () => {
  test("when a key is created", async ({ page, account: _, createPage, functions, watch }) => {
    watch.answerDialogs((dialog) => dialog.accept());
    const release = await openHeld(page, createPage.path);
    await createPage.name.fill("Early");
    await createPage.description.fill("typed before");
    await createPage.expiration.choose("30d");
    release();
    await takenOver(page);
    await expect(createPage.expiration.select).toHaveValue("30d");
    await createPage.submit.click();
    const key = await createPage.issued.read();
    const shown = (await functions.showKey(key)).key;
    expect(shown).toMatchObject({ name: "Early", description: "typed before" });
    expect(Math.round((shown.expires.at - shown.created.at) / 86_400_000)).toBe(30);
  });

  test("a typed date, and a choice made beside it", async ({ page, account: _, createPage }) => {
    const release = await openHeld(page, createPage.path);
    await createPage.expiration.choose("2030-01-02");
    await createPage.expiration.choose("365d");
    release();
    await takenOver(page);
    await expect(createPage.expiration.select).toHaveValue("365d");
    await expect(createPage.expiration.date).toHaveValue("2030-01-02");
  });

  test("when a key is edited", async ({ page, account, keyPage, functions }) => {
    const release = await openHeld(page, KeyPage.path(account.key));
    await keyPage.extend.click();
    await keyPage.extension.choose("365d");
    await keyPage.description.fill("typed before");
    release();
    await takenOver(page);
    // The takeover closes open menus, and keeps what was chosen in them.
    await keyPage.extend.click();
    await expect(keyPage.extension.select).toHaveValue("365d");
    await keyPage.setExpiration.click();
    await expect(keyPage.toasts).toContainText("now expires");
    await expect(keyPage.description).toHaveValue("typed before");
    await keyPage.save.click();
    await expect(keyPage.toasts).toContainText("saved");
    const { expires, description } = (await functions.showKey(account.key)).key;
    expect(Math.round((expires.at - Date.now()) / 86_400_000)).toBe(365);
    expect(description).toBe("typed before");
  });

  test("in search and sorting", async ({ page, account: _, functions, apiControl }) => {
    await functions.createKey("Alpha one");
    await functions.createKey("Alpha two");
    // In a wide window the column headers replace the select.
    await page.setViewportSize({ width: 360, height: 740 });
    const release = await openHeld(page, apiControl.path);
    await apiControl.search.fill("alpha");
    await page.getByLabel("Sort by").selectOption("name");
    release();
    await takenOver(page);
    await expect(apiControl.names()).toHaveText(["Alpha one", "Alpha two"]);
    await expect(page.getByLabel("Sort by")).toHaveValue("name");
    await expect(page).toHaveURL(/q=alpha.*sort=name/);
  });

  test("at sign-up", async ({ page, signUp }) => {
    const release = await openHeld(page, signUp.path);
    // The browser's own zone is the suggestion, but never overwrites a typed one.
    await page.getByLabel("Time zone").fill("");
    await page.getByLabel("Time zone").fill("UTC");
    release();
    await takenOver(page);
    await expect(page.getByLabel("Time zone")).toHaveValue("UTC");
  });
});
