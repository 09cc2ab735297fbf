import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { hydrated } from "../harness/hydration.ts";
import { Keyhold } from "../harness/keyhold.ts";
import { overflow, uneven, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

const PAGE = "/preferences/api-control";

interface Link {
  id: string;
  url: string;
}

/** Calls the management API with the token of the first start. */
async function operate(keyhold: Keyhold, method: string, path: string, body?: object): Promise<any> {
  const token = readFileSync(join(keyhold.folder, "operator-token"), "utf8").trim();
  const answer = await fetch(`${keyhold.url}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  expect(answer.status, `${method} ${path}`).toBeLessThan(300);
  return answer.json();
}

/** Asks for a link, as the company's app does. */
async function link(keyhold: Keyhold, account: object, more: object = {}): Promise<Link> {
  return operate(keyhold, "POST", "/portal-sessions", { account, ...more });
}

function person(name: string): object {
  return { actor: { external_id: `user_${name}`, label: `${name}@acme.example` } };
}

/** The company's app: `/keys` leads to a new link. */
async function app(keyhold: () => Keyhold): Promise<{ server: Server; url: string }> {
  let url = "";
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith("/keys")) {
      const account = { external_id: "org_app", name: "Acme" };
      const made = await link(keyhold(), account, { return_url: `${url}/settings` });
      response.writeHead(303, { location: made.url, "cache-control": "no-store" }).end();
    } else {
      response.setHeader("content-type", "text/html");
      // Its icon is in the page: a browser fetches one whenever it likes, also once the server is gone.
      const icon = '<link rel="icon" href="data:,">';
      response.end(`<!DOCTYPE html><html lang="en"><title>App</title>${icon}<h1>The app</h1><a href="/keys">API keys</a>`);
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url };
}

/** A page looks right in light and dark, wide and narrow. */
async function looksRight(page: Page, name: string): Promise<void> {
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect.soft(await violations(page), name).toEqual([]);
      expect.soft(await overflow(page), `${name} is wider than its window`).toBe(0);
      expect.soft(await uneven(page), `${name} is off the grid of pixels`).toEqual([]);
      await page.screenshot({ path: test.info().outputPath(`${name}-${colorScheme}-${width}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 800 });
}

// A link that does not work is answered 410, which Chromium logs as an error.
test.beforeEach(({ watch }) => watch.allow(/status of 410/));

test("a link from the company's app opens API Control, and a sign-out leads back", async ({ page, watch }) => {
  // Two other servers.
  watch.allow(/^elsewhere: /);
  let running: Keyhold;
  const { server, url } = await app(() => running);
  const host = url.slice("http://".length);
  running = await Keyhold.start([], { KEYHOLD_RETURN_HOSTS: host });
  try {
    await page.goto(url);
    await page.getByRole("link", { name: "API keys" }).click();
    await expect(page).toHaveURL(running.url + PAGE);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("API Control");
    await expect(page.getByRole("banner").getByText("Acme").first()).toBeVisible();
    // The way back in the browser does not meet the used link.
    await page.goBack();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("The app");
    await page.goForward();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("API Control");
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(`${url}/settings`);
  } finally {
    server.close();
    await running.stop();
    await running.remove();
  }
});

test("a link works once, and says what to do when it no longer does", async ({ page, keyhold }) => {
  const { url } = await link(keyhold, { external_id: "org_1", name: "Acme" });
  // A chat looks at it first.
  for (const method of ["GET", "HEAD"]) expect((await fetch(url, { method })).status).toBe(200);
  await page.goto(url);
  await expect(page).toHaveURL(keyhold.url + PAGE);
  await page.context().clearCookies();
  await page.goto(url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This link no longer works");
  await expect(page).toHaveURL(`${keyhold.url}/enter`);
  await expect(page.getByText("Open it from your app again")).toBeVisible();
  await looksRight(page, "gone");
});

test("another account is asked about before it is left", async ({ page, keyhold, account }) => {
  const { url } = await link(keyhold, { external_id: "org_2", name: "Umbrella Corporation of the Northern Hemisphere" });
  await page.goto(url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Switch accounts?");
  await expect(page.getByRole("main").getByText(account.email).first()).toBeVisible();
  await looksRight(page, "switch");
  await page.getByRole("link", { name: "Stay in" }).click();
  await expect(page).toHaveURL(`${keyhold.url}/`);
  await page.goto(url);
  await page.getByRole("button", { name: "Switch accounts" }).click();
  await expect(page).toHaveURL(keyhold.url + PAGE);
  await expect(page.getByRole("banner").getByText("Umbrella").first()).toBeVisible();
  await page.goto(`${keyhold.url}/preferences/account`);
  await expect(page.getByLabel("Password")).toHaveCount(0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(`${keyhold.url}/signed-out`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You're signed out");
  await looksRight(page, "signed-out");
});

test("another person is asked about before it takes over", async ({ page, keyhold }) => {
  const account = { external_id: "org_people", name: "Acme" };
  const open = async (name: string): Promise<void> => {
    const more = { ...person(name), capabilities: ["keys.read", "keys.create", "notices"] };
    await page.goto((await link(keyhold, account, more)).url);
  };
  await open("ada");
  await expect(page).toHaveURL(keyhold.url + PAGE);
  await open("bob");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Switch to another person?");
  await expect(page.getByRole("main")).toContainText("signed in to Acme as ada@acme.example. The link opens the same account for bob@");
  await expect(page.getByRole("main")).toContainText("includes seeing keys, creating keys and notices. It ends in 1 hour.");
  await looksRight(page, "another-person");
  await page.getByRole("link", { name: "Stay as ada@acme.example" }).click();
  await expect(page).toHaveURL(`${keyhold.url}/`);
  // The same person goes on without a question.
  await open("ada");
  await expect(page).toHaveURL(keyhold.url + PAGE);
  await open("bob");
  await page.getByRole("button", { name: "Switch" }).click();
  await expect(page).toHaveURL(keyhold.url + PAGE);
});

test("an own session is asked about before a link replaces it", async ({ page, keyhold, account }) => {
  const found = await operate(keyhold, "GET", `/accounts?q=${encodeURIComponent(account.email)}`);
  const external_id = `org_of_${account.email}`;
  await operate(keyhold, "PATCH", `/accounts/${found.data[0].id}`, { external_id });
  await page.goto((await link(keyhold, { external_id }, person("bob"))).url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Replace your own session?");
  await expect(page.getByRole("main")).toContainText("Your own session ends.");
  await looksRight(page, "own-session");
  await page.getByRole("button", { name: "Replace it" }).click();
  await expect(page).toHaveURL(keyhold.url + PAGE);
  await page.goto(`${keyhold.url}/preferences/account`);
  await expect(page.getByRole("region", { name: "Password" })).toHaveCount(0);
});

test("a session that ends in an open tab leads back to the app, and keeps what was typed for its person", async ({ page, watch }) => {
  watch.allow(/^elsewhere: /);
  watch.allow(/status of 401/);
  let running: Keyhold;
  const { server, url } = await app(() => running);
  running = await Keyhold.start([], { KEYHOLD_RETURN_HOSTS: url.slice("http://".length) });
  const one = { external_id: "org_one", name: "Acme" };
  const open = async (account: object, name: string, at: string): Promise<void> => {
    const { url: code } = await link(running, account, { ...person(name), return_url: `${url}/settings`, page: at });
    await page.goto(code);
    await expect(page).toHaveURL(running.url + at);
  };
  const end = (): Promise<any> => operate(running, "POST", "/accounts/ext:org_one/end-sessions", {});
  const back = page.getByRole("main").getByRole("link", { name: "Back to 127.0.0.1" });
  try {
    await open(one, "ada", `${PAGE}/new`);
    await hydrated(page);
    await page.getByLabel("Name").fill("Half written");
    await end();
    await page.getByRole("button", { name: "Create key" }).click();
    await expect(page.getByText("Your session has ended.")).toBeVisible();
    await expect(page.getByLabel("Password")).toBeHidden();
    await looksRight(page, "ended");
    await back.click();
    await expect(page).toHaveURL(`${url}/settings`);
    await open(one, "ada", `${PAGE}/new`);
    await expect(page.getByLabel("Name")).toHaveValue("Half written");

    // Another person does not get it, nor does an account of the same name.
    for (const [account, name] of [[one, "bob"], [{ external_id: "org_two", name: "Acme" }, "ada"]] as const) {
      await open(one, "ada", `${PAGE}/new`);
      await hydrated(page);
      await page.getByLabel("Name").fill("Half written");
      await end();
      await page.getByRole("button", { name: "Create key" }).click();
      await expect(back).toBeVisible();
      await open(account, name, `${PAGE}/new`);
      await hydrated(page);
      await expect(page.getByLabel("Name")).toHaveValue("");
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL(`${url}/settings`);

      await open(one, "ada", "/preferences/notices");
      await hydrated(page);
      await page.getByLabel("Address").fill("half@example.com");
      await end();
      await page.getByRole("button", { name: "Save" }).click();
      await expect(back).toBeVisible();
      await open(account, name, "/preferences/notices");
      await hydrated(page);
      await expect(page.getByLabel("Address")).toHaveValue("");
      expect(await page.evaluate(() => Object.values(sessionStorage).join())).not.toMatch(/[Hh]alf/);
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL(`${url}/settings`);
    }
  } finally {
    server.close();
    await running.stop();
    await running.remove();
  }
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a link enters by its button", async ({ page, keyhold, account }) => {
    await page.context().clearCookies();
    const { url } = await link(keyhold, { external_id: "org_3", name: "Acme" });
    await page.goto(url);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Your API keys");
    // axe needs script.
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: test.info().outputPath(`enter-${width}.png`) });
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page).toHaveURL(keyhold.url + PAGE);
    await page.goto(url);
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("This link no longer works");

    const other = await link(keyhold, { external_id: "org_4", name: "Umbrella" });
    await page.goto(other.url);
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Switch accounts?");
    await page.getByRole("button", { name: "Switch accounts" }).click();
    await expect(page).toHaveURL(keyhold.url + PAGE);
    const bob = await link(keyhold, { external_id: "org_4" }, person("bob"));
    await page.goto(bob.url);
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Switch to another person?");
    await page.getByRole("button", { name: "Switch" }).click();
    await expect(page).toHaveURL(keyhold.url + PAGE);
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(`${keyhold.url}/signed-out`);
    expect(account.email).not.toBe("");
  });
});
