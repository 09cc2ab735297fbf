import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { Keyhold } from "../harness/keyhold.ts";
import { overflow, uneven, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

const PAGE = "/preferences/api-control";

interface Link {
  id: string;
  url: string;
}

/** Asks for a link, as the company's app does. */
async function link(keyhold: Keyhold, account: object, more: object = {}): Promise<Link> {
  const token = readFileSync(join(keyhold.folder, "operator-token"), "utf8").trim();
  const answer = await fetch(`${keyhold.url}/admin/v1/portal-sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ account, ...more }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Link;
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
      response.end(`<!DOCTYPE html><html lang="en"><title>App</title><h1>The app</h1><a href="/keys">API keys</a>`);
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
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(`${keyhold.url}/signed-out`);
    expect(account.email).not.toBe("");
  });
});
