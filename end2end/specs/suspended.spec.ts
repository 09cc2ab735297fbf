import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import type { Account } from "../harness/account.ts";
import { dayAhead } from "../harness/days.ts";
import type { Keyhold } from "../harness/keyhold.ts";
import { overflow, uneven, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

const REASON = "An unpaid invoice";

/** Calls the management API with the token of the first start. */
async function operate(keyhold: Keyhold, method: string, path: string, body?: object): Promise<any> {
  const token = readFileSync(join(keyhold.folder, "operator-token"), "utf8").trim();
  const answer = await fetch(`${keyhold.url}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  expect(answer.status, `${method} ${path}`).toBeLessThan(300);
  return answer.json();
}

async function idOf(keyhold: Keyhold, account: Account): Promise<string> {
  const found = await operate(keyhold, "GET", `/accounts?q=${encodeURIComponent(account.email)}`);
  return found.data[0].id;
}

async function suspend(keyhold: Keyhold, account: Account): Promise<void> {
  await operate(keyhold, "POST", `/accounts/${await idOf(keyhold, account)}/suspend`, { reason: REASON });
}

async function resume(keyhold: Keyhold, account: Account): Promise<void> {
  await operate(keyhold, "POST", `/accounts/${await idOf(keyhold, account)}/resume`, {});
}

const notice = (page: Page) => page.getByRole("region", { name: "Suspended account" });

/** The words of the links and enabled controls in the content that offer a change. */
function offers(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const words = /^(create|extend|restore|expire|delete|save|set|add|remove|change|reset|snooze|show again|stagger|spread|dismiss|send|sign out|undo|select|apply|pick|edit)\b/i;
    const controls = document.querySelectorAll<HTMLElement>("main :is(a, button, input, select, textarea, summary)");
    return [...controls].filter((control) => !control.matches(":disabled") && !control.closest("[hidden]"))
      .map((control) => (control.getAttribute("aria-label") ?? control.closest("label")?.textContent ?? control.textContent ?? "").trim())
      .filter((text) => words.test(text));
  });
}

test("a suspended account only reads, until it is resumed", async ({ page, keyhold, account, functions }) => {
  test.setTimeout(240_000);
  const soon = await functions.createKey("Checkout", dayAhead(3));
  const gone = await functions.createKey("Old monitoring");
  await functions.expireKey(gone);
  const key = (id: string) => `/preferences/api-control/${id}`;
  const pages = [
    "/",
    "/preferences/api-control",
    key(soon.access_key),
    key(gone.access_key),
    "/preferences/api-control/new",
    "/preferences/account",
    "/preferences/notices",
    "/developers",
  ];
  await suspend(keyhold, account);
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const path of pages) {
      await page.goto(keyhold.url + path);
      await expect(notice(page), path).toBeVisible();
      await expect(notice(page), path).toContainText(REASON);
      // What needs the module appears with it.
      await page.waitForLoadState("networkidle");
      expect.soft(await offers(page), path).toEqual([]);
      expect.soft(await violations(page), path).toEqual([]);
      expect.soft(await overflow(page), `${path} is wider than its window`).toBe(0);
      expect.soft(await uneven(page), `${path} is off the grid of pixels`).toEqual([]);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  // The keyboard offers nothing either.
  await page.goto(keyhold.url);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("create");
  await expect(page.getByRole("option", { name: "Create key" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await expect(page).toHaveURL(`${keyhold.url}/`);

  await resume(keyhold, account);
  for (const path of pages) {
    await page.goto(keyhold.url + path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(notice(page), path).toHaveCount(0);
    if (path !== "/developers") await expect.poll(() => offers(page), path).not.toEqual([]);
  }
});

test("an open page learns of a suspension and of its end", async ({ page, keyhold, account, apiControl, watch }) => {
  watch.allow(/status of 403/);
  await apiControl.open();
  await expect(apiControl.create).toBeVisible();
  await suspend(keyhold, account);
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  await expect(notice(page)).toBeVisible();
  await expect(apiControl.create).toHaveCount(0);
  await expect(page.getByRole("checkbox", { name: /^Select/ })).toHaveCount(0);
  // The next page reads too, without a load.
  await page.getByRole("link", { name: "Default key", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Default key" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Save changes" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Expire now" })).toHaveCount(0);
  await resume(keyhold, account);
  await expect(async () => {
    await page.evaluate(() => dispatchEvent(new Event("focus")));
    await expect(page.getByRole("button", { name: "Expire now" })).toBeVisible({ timeout: 1500 });
  }).toPass();
  await expect(notice(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Expire now" }).click();
  await expect(page.getByText("Restore", { exact: true }).first()).toBeVisible();
});

test("a change that is refused says why, and makes the page read only", async ({ page, keyhold, account, functions, watch }) => {
  watch.allow(/status of 403/);
  const key = await functions.createKey("Checkout");
  await page.goto(`${keyhold.url}/preferences/api-control/${key.access_key}`);
  await page.getByRole("textbox", { name: "Name" }).fill("Renamed");
  await suspend(keyhold, account);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("alert")).toContainText(REASON);
  await expect(notice(page)).toBeVisible();
  await expect(page.getByRole("button", { name: "Save changes" })).toBeDisabled();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});
