import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import type { Keyhold } from "../harness/keyhold.ts";
import { overflow, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

const LIST = "/preferences/api-control";
let visits = 0;

/** Calls the management API with the token of the first start. */
async function operate(keyhold: Keyhold, method: string, path: string, body: object): Promise<any> {
  const token = readFileSync(join(keyhold.folder, "operator-token"), "utf8").trim();
  const answer = await fetch(`${keyhold.url}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status, `${method} ${path}`).toBeLessThan(300);
  return answer.json();
}

/** Makes an account with a key, and a link for a person with these capabilities. Returns the link and the key. */
async function visit(keyhold: Keyhold, capabilities: string[]): Promise<{ url: string; key: string }> {
  const external_id = `org_${Date.now()}_${visits++}`;
  const account = { external_id, name: "Acme Ltd" };
  const actor = { external_id: "user_7", label: "user_7@acme.example" };
  const { url } = await operate(keyhold, "POST", "/portal-sessions", { account, actor, capabilities });
  const key = await operate(keyhold, "POST", `/accounts/ext:${external_id}/keys`, { name: "Checkout", expiry: "3d" });
  return { url, key: key.access_key };
}

async function enter(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForURL((at) => !at.pathname.startsWith("/enter"));
}

const change = /^(Create key|Create your first key|Extend|Expire|Expire now|Restore|Delete…|Save changes|Snooze|Set date|Edit|Apply)\b/;

for (const width of [1280, 360]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`a session that only reads is offered no change, ${width} px, ${colorScheme}`, async ({ page, keyhold }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const { url, key } = await visit(keyhold, ["keys.read"]);
      await enter(page, url);
      for (const path of ["/", LIST, `${LIST}/${key}`, "/preferences/account", "/developers"]) {
        await page.goto(keyhold.url + path);
        await page.waitForLoadState("networkidle");
        for (const role of ["button", "link"] as const) {
          await expect(page.getByRole(role, { name: change }), path).toHaveCount(0);
        }
        await expect(page.getByRole("link", { name: "Notices" })).toHaveCount(0);
        expect.soft(await violations(page), path).toEqual([]);
        expect.soft(await overflow(page), path).toBe(0);
      }
    });
  }
}

test("a page outside of the access says so", async ({ page, keyhold, watch }) => {
  watch.allow(/status of 403/);
  const { url } = await visit(keyhold, ["notices"]);
  await enter(page, url);
  await expect(page).toHaveURL(`${keyhold.url}/preferences/notices`);
  await expect(page.getByText("Acme Ltd").filter({ visible: true }).first()).toBeVisible();
  await page.goto(keyhold.url + LIST);
  await expect(page.getByTestId("refused")).toContainText("Your access here does not include seeing keys.");
  expect(await violations(page)).toEqual([]);
  await page.getByRole("link", { name: "Go to Notices" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Notices" })).toBeVisible();
});

test("the person of a link stands in the history and on the key", async ({ page, keyhold }) => {
  const { url } = await visit(keyhold, ["keys.read", "keys.create", "keys.edit"]);
  await enter(page, url);
  await page.getByRole("link", { name: "Create key" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Billing");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("button", { name: "Copy both" }).click();
  await page.goto(keyhold.url + LIST);
  await page.getByRole("link", { name: "Billing", exact: true }).click();
  await expect(page.getByText("by user_7@acme.example")).toBeVisible();
  await expect(page.getByText("Made by")).toBeVisible();
  await page.getByRole("textbox", { name: "Description" }).fill("Nightly");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Billing is saved.").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Expire now" })).toHaveCount(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the pages offer the same", async ({ page, keyhold }) => {
    const { url, key } = await visit(keyhold, ["keys.read", "keys.expire"]);
    await page.goto(url);
    await page.getByRole("button").last().click();
    await page.waitForURL((at) => !at.pathname.startsWith("/enter"));
    await page.goto(`${keyhold.url}${LIST}/${key}`);
    await expect(page.getByRole("button", { name: "Save changes" })).toHaveCount(0);
    await page.getByRole("button", { name: "Expire now" }).click();
    await expect(page.getByText("Expired manually")).toBeVisible();
    await expect(page.getByRole("button", { name: "Restore" })).toHaveCount(0);
  });
});
