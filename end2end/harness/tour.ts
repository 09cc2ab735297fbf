import { expect, type Page } from "@playwright/test";

import { type Account, freshEmail, type Functions, PASSWORD } from "./account.ts";
import { dayAhead, minutesAhead } from "./days.ts";
import { hydrated } from "./hydration.ts";
import type { Keyhold } from "./keyhold.ts";
import { linkTo, type Mailbox } from "./mail.ts";

/** One stop of the tour: a page, or a state of it that takes a step to reach. */
export interface Sight {
  name: string;
  path: string;
  /** Whether it is shown without an account. */
  signedOut?: boolean;
  /** Whether it comes without script. */
  scriptless?: boolean;
  /** Whether an open menu covers part of it. */
  covered?: boolean;
  reach?: (page: Page) => Promise<void>;
}

/** An account with used keys in every state, and every page that it can see. */
export async function tour(
  keyhold: Keyhold,
  account: Account,
  functions: Functions,
  mailbox: Mailbox,
): Promise<Sight[]> {
  const nightly = "Reads the orders of the day and sends them to the warehouse.";
  const exporting = await functions.createKey("Nightly export", "365d", nightly);
  await functions.createKey("Checkout", dayAhead(3), "The shop's checkout, production.");
  await functions.createKey("Label printer", dayAhead(9), "Warehouse Leipzig");
  const expired = await functions.createKey("Old monitoring", "never", "Replaced by the agent.");
  for (let n = 0; n < 40; n += 1) {
    await keyhold.call(account.key, `203.0.113.${n % 2}`, n % 3 ? "okhttp/4.12.0" : "Go-http-client/2.0");
    if (n % 4 === 0) await keyhold.call(exporting, "2001:db8:40::9a1", "warehouse-export/3.8 (+https://example.com)");
    if (n % 8 === 0) await keyhold.call(expired, "192.0.2.17", "curl/8.5.0");
  }
  await functions.expireKey(expired);
  for (const host of [17, 17, 18, 19]) await keyhold.call(expired, `192.0.2.${host}`, "curl/8.5.0");
  await functions.createKey("Load test of today", minutesAhead(40));
  await functions.createKey("Mobile app", "90d", "Android and iOS");
  for (let n = 1; n <= 5; n += 1) await functions.createKey(`Edge node ${n}`, dayAhead(120), "Rolled out together");
  await functions.post("notices/second-recipient", { address: `team.${account.email}` });
  await functions.post("account/forgot-password", { email: account.email });
  const confirm = linkTo(await mailbox.wait(account.email, /^Confirm your/), "confirm");
  const second = linkTo(await mailbox.wait(`team.${account.email}`, /^Confirm that/), "confirm");
  const reset = linkTo(await mailbox.wait(account.email, /password/), "reset-password");
  await mailbox.wait(account.email, /^1 API key has expired: Old monitoring$/);
  await expect.poll(async () => (await functions.showKey(expired)).failing?.callers).toBe(3);
  const keys = "/preferences/api-control";
  return [
    { name: "sign-in", path: "/sign-in", signedOut: true },
    {
      name: "sign-in-wrong",
      path: "/sign-in",
      signedOut: true,
      reach: async (page) => {
        await page.getByLabel("Email", { exact: true }).fill(account.email);
        await page.getByRole("textbox", { name: "Password" }).fill("not the password");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("alert").first().waitFor();
      },
    },
    { name: "sign-up", path: "/sign-up", signedOut: true },
    {
      name: "sign-up-errors",
      path: "/sign-up",
      signedOut: true,
      reach: (page) => page.getByRole("button", { name: "Create account" }).click(),
    },
    { name: "forgot-password", path: "/forgot-password", signedOut: true, scriptless: true },
    { name: "forgot-password-sent", path: "/forgot-password?done=sent", signedOut: true, scriptless: true },
    { name: "reset-password", path: reset, signedOut: true, scriptless: true },
    { name: "confirm", path: confirm, signedOut: true, scriptless: true },
    { name: "confirm-second", path: second, signedOut: true, scriptless: true },
    { name: "confirmed", path: "/confirm?done=confirmed", scriptless: true },
    { name: "link-gone", path: "/confirm?token=mail_0.0", signedOut: true, scriptless: true },
    { name: "portal-link-gone", path: "/enter", signedOut: true, scriptless: true },
    { name: "signed-out", path: "/signed-out", signedOut: true, scriptless: true },
    { name: "dashboard", path: "/" },
    { name: "dashboard-snooze", path: "/", covered: true, reach: (page) => page.getByTestId("expiry-banner").locator("summary").first().click() },
    {
      name: "palette",
      path: "/",
      reach: async (page) => {
        await page.keyboard.press("Control+k");
        await page.keyboard.type("check");
        await page.getByRole("option", { name: "Checkout" }).waitFor();
      },
    },
    { name: "shortcuts", path: "/", reach: (page) => page.keyboard.press("?") },
    { name: "api-control", path: keys },
    { name: "api-control-filters", path: keys, reach: (page) => page.locator(".filter-menu > summary").click() },
    { name: "api-control-view", path: keys, reach: (page) => page.locator(".view-menu > summary").click() },
    { name: "api-control-menu", path: keys, reach: (page) => page.locator("tbody summary").first().click() },
    { name: "api-control-selected", path: keys, reach: (page) => page.getByRole("checkbox", { name: "Select Checkout" }).check() },
    {
      name: "api-control-extend",
      path: keys,
      reach: async (page) => {
        await page.getByRole("checkbox", { name: "Select Checkout" }).check();
        await page.locator("#bulk summary").first().click();
      },
    },
    {
      name: "api-control-delete",
      path: keys,
      reach: async (page) => {
        await page.getByRole("checkbox", { name: "Select Checkout" }).check();
        await page.getByRole("button", { name: "Delete…", exact: true }).click();
      },
    },
    { name: "api-control-filtered", path: `${keys}?q=ware&status=expiring_soon&show=never_used` },
    { name: "api-control-nothing-found", path: `${keys}?q=nothing+like+it` },
    { name: "create-key", path: `${keys}/new` },
    {
      name: "create-key-errors",
      path: `${keys}/new`,
      reach: (page) => page.getByRole("main").getByRole("button", { name: "Create key" }).click(),
    },
    {
      name: "create-key-leaving",
      path: `${keys}/new`,
      reach: async (page) => {
        await page.getByLabel("Name", { exact: true }).fill("Half");
        await page.getByRole("link", { name: "Cancel" }).click();
        await page.getByRole("dialog").waitFor();
      },
    },
    { name: "stagger", path: `${keys}/stagger?day=${dayAhead(120)}` },
    { name: "key", path: `${keys}/${account.key.access_key}` },
    {
      name: "key-extend",
      path: `${keys}/${exporting.access_key}`,
      reach: async (page) => {
        await page.locator("#extend > summary").click();
        await page.getByText(/Expires .* in 455 days\.$/).waitFor();
      },
    },
    { name: "key-menu", path: `${keys}/${exporting.access_key}`, reach: (page) => page.locator("summary[aria-label^='More for']").click() },
    {
      name: "key-saved",
      path: `${keys}/${exporting.access_key}`,
      reach: async (page) => {
        await page.getByLabel("Description").fill(`${nightly} Twice.`);
        await page.getByRole("button", { name: "Save changes" }).click();
        await page.getByRole("button", { name: "Undo" }).waitFor();
      },
    },
    {
      name: "key-delete",
      path: `${keys}/${exporting.access_key}#delete`,
      reach: (page) => page.getByRole("dialog").waitFor(),
    },
    { name: "key-expired", path: `${keys}/${expired.access_key}` },
    { name: "key-missing", path: `${keys}/kh_0000000000000000` },
    { name: "account", path: "/preferences/account" },
    { name: "notices", path: "/preferences/notices" },
    { name: "developers", path: "/developers" },
    { name: "not-found", path: "/no/such/page" },
    {
      name: "issued-key",
      path: `${keys}/new`,
      reach: async (page) => {
        await page.getByLabel("Name", { exact: true }).fill("Billing");
        await page.getByRole("main").getByRole("button", { name: "Create key" }).click();
        await page.getByTestId("issued-key").waitFor();
      },
    },
    {
      name: "signed-up",
      path: "/sign-up",
      signedOut: true,
      reach: async (page) => {
        await page.getByLabel("Email", { exact: true }).fill(freshEmail());
        await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
        await page.getByRole("button", { name: "Create account" }).click();
        await page.getByTestId("issued-key").waitFor();
      },
    },
    // The last ones, since the account has no keys any more.
    {
      name: "api-control-empty",
      path: keys,
      reach: async (page) => {
        const all = (await functions.post("keys/list", {})).body.keys.map((key: { access_key: string }) => key.access_key);
        await functions.post("keys/bulk", { action: "delete", access_keys: all.join(" "), confirm_count: String(all.length) });
        await page.reload();
        await hydrated(page);
      },
    },
    { name: "dashboard-empty", path: "/" },
  ];
}

export async function visit(page: Page, sight: Sight): Promise<void> {
  await page.goto(sight.path);
  if (!sight.scriptless) await hydrated(page);
  await sight.reach?.(page);
}
