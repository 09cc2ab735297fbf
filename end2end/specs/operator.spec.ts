import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { basic, type Keyhold } from "../harness/keyhold.ts";
import { overflow, uneven, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

const SCOPES = ["accounts:read", "accounts:write", "keys:read", "keys:write", "audit:read"];

/** Posts to the management API with the first token. */
async function post(keyhold: Keyhold, path: string, body: object): Promise<any> {
  const first = readFileSync(join(keyhold.folder, "operator-token"), "utf8").trim();
  const answer = await fetch(`${keyhold.url}/admin/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${first}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.ok).toBe(true);
  return answer.json();
}

async function newToken(keyhold: Keyhold, name: string, scopes = SCOPES): Promise<string> {
  return (await post(keyhold, "/tokens", { name, scopes, expiry: "1d" })).token;
}

async function signIn(page: Page, keyhold: Keyhold, name: string): Promise<void> {
  const token = await newToken(keyhold, name);
  await page.goto(`${keyhold.url}/operator`);
  await page.getByLabel("Operator token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Signed in as")).toContainText(name);
}

async function search(page: Page, text: string): Promise<void> {
  await page.getByRole("searchbox", { name: "Search accounts and keys" }).fill(text);
  await page.getByRole("button", { name: "Search" }).click();
}

/** Looks at the page in each width and theme. */
async function look(page: Page, what: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect.soft(await violations(page), `${what}, ${colorScheme}, ${width} px`).toEqual([]);
      expect.soft(await overflow(page), `${what} is wider than ${width} px`).toBe(0);
      expect.soft(await uneven(page), `${what} is off the grid of pixels`).toEqual([]);
      const folder = process.env["KEYHOLD_SHOTS"];
      if (folder) await page.screenshot({ path: join(folder, `${what}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 800 });
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with script" : "without script", () => {
    test.use({ javaScriptEnabled });

    test("an operator finds an account, suspends it and expires a key, and its owner reads why", async ({ page, keyhold, account, functions, watch }) => {
      test.setTimeout(120_000);
      watch.allow(/status of 403/);
      const key = await functions.createKey("Checkout");
      keyhold.secrets.add(key.secret_key);
      await signIn(page, keyhold, "support-anna");

      // A pasted credential, in no address.
      await search(page, `Authorization: ${basic(key)}`);
      await expect(page.getByRole("status")).toContainText("The secret is right.");
      expect(page.url()).toBe(`${keyhold.url}/operator/search`);
      await page.getByRole("link", { name: "Checkout" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Checkout");

      // The only account with this address.
      await search(page, account.email);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(account.email);
      await page.getByText("Suspend this account…").click();
      await page.getByLabel("Reason").fill("An unpaid invoice");
      await page.getByRole("button", { name: "Suspend account" }).click();
      await expect(page.getByRole("status")).toContainText("The account is suspended.");
      expect((await keyhold.verify(key)).code).toBe("account_suspended");
      await page.goto(keyhold.url);
      await expect(page.getByRole("region", { name: "Suspended account" })).toContainText("An unpaid invoice");
      await page.goto(`${keyhold.url}/operator`);
      await search(page, account.email);
      // Beside the note about the suspension, and in its card.
      await page.getByRole("button", { name: "Resume account" }).first().click();
      await expect(page.getByRole("status")).toContainText("The account is resumed.");
      expect((await keyhold.verify(key)).status).toBe(200);

      await page.getByRole("link", { name: "Checkout" }).click();
      await page.getByText("Expire this key…").click();
      await page.getByLabel("Reason").fill("leaked on GitHub");
      await page.getByRole("button", { name: "Expire key now" }).click();
      await expect(page.getByRole("status").first()).toContainText("The key is expired.");
      expect((await keyhold.verify(key)).code).toBe("key_expired");
      const address = page.url();
      await page.goto(`${keyhold.url}/preferences/api-control/${key.access_key}`);
      await expect(page.getByText("Expired by support-anna: leaked on GitHub", { exact: true })).toBeVisible();
      await expect(page.getByRole("region", { name: "Restore" })).toContainText("Expired by support-anna: leaked on GitHub.");
      await page.goto(`${keyhold.url}/preferences/account`);
      await expect(page.getByText("Suspended by support-anna: An unpaid invoice")).toBeVisible();
      await page.goto(address);
      await page.getByRole("button", { name: "Restore key" }).first().click();
      await expect(page.getByRole("status")).toContainText("The key is restored.");
      expect((await keyhold.verify(key)).status).toBe(200);

      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByRole("status")).toContainText("You are signed out.");
      await page.goto(address);
      await expect(page.getByLabel("Operator token")).toBeVisible();
    });
  });
}

test("axe finds nothing on the operators' pages", async ({ page, keyhold, account, functions, watch }) => {
  test.setTimeout(240_000);
  // A wrong token, a key that does not exist, and a form of another state.
  watch.allow(/status of 40[149]/);
  const key = await functions.createKey("Checkout with a rather long name for a key of this kind");
  keyhold.secrets.add(key.secret_key);
  for (const agent of ["curl/8.0", "Go-http-client/2.0 (a long name of an agent, as many are)"]) {
    await keyhold.call(key, "192.0.2.7", agent);
  }
  await page.goto(`${keyhold.url}/operator`);
  await look(page, "sign-in");
  await page.getByLabel("Operator token").fill("kho_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("No such token exists");
  await look(page, "sign-in-refused");
  await signIn(page, keyhold, "support-anna");
  await look(page, "home");
  await search(page, "nothing like it");
  await look(page, "nothing-found");
  // A part of a credential, without its prefix.
  await search(page, key.secret_key.slice(4, 49));
  expect(page.url()).toBe(`${keyhold.url}/operator/search`);
  await expect(page.getByText("paste all of it")).toBeVisible();
  await look(page, "nothing-found-in-place");
  // Where an address with a credential leads.
  await page.goto(`${keyhold.url}/operator?held=1`);
  await expect(page.getByRole("status")).toContainText("held a credential");
  await look(page, "held");
  await search(page, key.secret_key);
  await look(page, "credential");
  await search(page, account.email);
  await page.getByText("Suspend this account…").click();
  await look(page, "account");
  await page.getByLabel("Reason").fill("An unpaid invoice");
  await page.getByRole("button", { name: "Suspend account" }).click();
  await expect(page.getByRole("status")).toContainText("suspended");
  await look(page, "account-suspended");
  await page.getByRole("button", { name: "Resume account" }).first().click();
  await expect(page.getByText("Suspend this account…")).toBeVisible();
  await page.getByRole("link", { name: /Checkout/ }).click();
  await page.getByText("Expire this key…").click();
  await look(page, "key");
  await page.getByLabel("Reason").fill("leaked on GitHub");
  await page.getByRole("button", { name: "Expire key now" }).click();
  await expect(page.getByText("Restore this key…")).toBeVisible();
  expect(await keyhold.call(key, "192.0.2.7", "curl/8.0")).toBe(401);
  await page.getByText("Restore this key…").click();
  await look(page, "key-expired");
  await post(keyhold, `/keys/${key.access_key}/restore`, { expiry: "90d" });
  await page.getByRole("button", { name: "Restore key" }).last().click();
  await expect(page.getByRole("status").first()).toContainText("The key has changed since you opened that page");
  await look(page, "key-changed");
  await page.goto(`${keyhold.url}/operator/keys/kh_0123456789abcdef`);
  await look(page, "not-found");
  await page.goto(`${keyhold.url}/preferences/account`);
  await look(page, "owner-account");
});

test("the keyboard alone suffices", async ({ page, keyhold, account }) => {
  await signIn(page, keyhold, "support-anna");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type(account.email);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(account.email);
  await page.getByText("Suspend this account…").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Reason")).toBeFocused();
});

/** Nothing of it is sent to customers. */
test("no file of the customers' pages knows the operators' page", async ({ page, keyhold, account: _ }) => {
  const paths = new Set<string>();
  page.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === keyhold.url && request.method() === "GET") paths.add(pathname);
  });
  for (const path of ["/", "/preferences/api-control", "/preferences/account", "/preferences/notices", "/developers"]) {
    await page.goto(keyhold.url + path);
    await page.waitForLoadState("networkidle");
  }
  const kinds = [...paths].map((path) => path.split(".").at(-1));
  expect(kinds).toEqual(expect.arrayContaining(["wasm", "js", "css"]));
  for (const path of paths) {
    const answer = await page.request.get(keyhold.url + path);
    const text = (await answer.body()).toString("latin1");
    for (const word of ["/operator/", "keyhold_operator", "Suspend account", "Operator token", "class=\"operator\"", ".operator"]) {
      expect(text.includes(word), `${path} has ${word}`).toBe(false);
    }
  }
});
