import { execFileSync, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import type { Page } from "@playwright/test";

import { Functions, newAccount } from "../harness/account.ts";
import { Keyhold } from "../harness/keyhold.ts";
import { overflow, violations } from "../harness/look.ts";
import { expect, test } from "../harness/test.ts";

const panel = (page: Page) => page.locator(".tabs .panel:visible");
const tab = (page: Page, language: string) => page.getByRole("radio", { name: language, exact: true });
const tried = (page: Page) => page.locator("#try-answer");

test("the contract is explained with the account's own access key", async ({ page, keyhold, account, functions, apiControl }) => {
  const expired = await functions.createKey("Gone");
  await functions.expireKey(expired);
  await apiControl.open();
  await page.getByRole("main").getByRole("link", { name: "How to use keys" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Developers" })).toBeVisible();
  const main = page.getByRole("main");
  // That of the newest key that works.
  await expect(main).toContainText(account.key.access_key);
  await expect(main).not.toContainText(expired.access_key);
  await expect(main.getByText(`${keyhold.url}/v1`, { exact: true })).toBeVisible();
  for (const code of [
    "credentials_missing",
    "credentials_malformed",
    "key_invalid",
    "key_expired",
    "forbidden",
    "bad_request",
    "not_found",
    "method_not_allowed",
    "rate_limited",
    "unavailable",
  ]) {
    // The `type` of a problem leads to its row.
    await expect(page.locator(`tr#${code}`)).toContainText(code);
  }
  for (const link of await page.getByRole("navigation", { name: "On this page" }).getByRole("link").all()) {
    const section = page.locator((await link.getAttribute("href"))!);
    await expect(section.getByRole("heading", { level: 2 })).toHaveText((await link.textContent())!);
  }
  await expect(page.getByRole("link", { name: "API documentation" })).toHaveCount(0);
});

/** The path of the interpreter that the project's checks use. */
const PYTHON = () => execFileSync(resolve(import.meta.dirname, "../../build/python.sh"), { encoding: "utf8" }).trim();

/** How a sample is run, and what it is put into. */
const LANGUAGES: [string, string, string[]][] = [
  ["curl", "call.sh", ["bash"]],
  ["JavaScript", "call.mjs", ["node"]],
  ["Python", "call.py", ["python"]],
  ["Go", "call.go", ["go", "run"]],
  ["PHP", "call.php", ["php"]],
  ["Java", "Call.java", ["java"]],
];

for (const [language, file, [command, ...args]] of LANGUAGES) {
  test(`the ${language} sample calls the API`, async ({ page, account }) => {
    test.setTimeout(120_000);
    // The project brings its Python, and Node runs this test. The languages that it does not need may be missing.
    const program = language === "Python" ? PYTHON() : command!;
    const optional = ["Go", "PHP", "Java"].includes(language);
    test.skip(optional && spawnSync("which", [program]).status !== 0, `${program} isn't installed`);
    await page.goto("/developers");
    await tab(page, language).check();
    await expect(panel(page)).toHaveCount(1);
    const sample = await panel(page).locator("code").innerText();
    const folder = mkdtempSync(join(tmpdir(), "keyhold-sample-"));
    try {
      writeFileSync(join(folder, file), sample);
      const run = (secret: string): SpawnSyncReturns<string> =>
        spawnSync(program, [...args, join(folder, file)], {
          encoding: "utf8",
          env: { PATH: process.env["PATH"], HOME: folder, KEYHOLD_SECRET_KEY: secret },
        });
      const good = run(account.key.secret_key);
      expect(good.stdout + good.stderr).toContain(account.email);
      const bad = run("khs_wrong");
      expect(bad.stdout + bad.stderr).toContain("credentials_malformed");
    } finally {
      // The build cache of Go is written without the right to remove it.
      spawnSync("chmod", ["-R", "u+w", folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("languages change with the arrow keys, and no line of a sample is cut", async ({ page, account: _ }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto("/developers");
  await tab(page, "curl").focus();
  for (const [language] of LANGUAGES) {
    await expect(tab(page, language)).toBeChecked();
    const cut = await panel(page).locator("pre").evaluate((pre) => pre.scrollWidth - pre.clientWidth);
    expect(cut, language).toBe(0);
    await page.keyboard.press("ArrowRight");
  }
  await expect(tab(page, "curl")).toBeChecked();
  await page.setViewportSize({ width: 360, height: 640 });
  expect(await overflow(page)).toBe(0);
});

test("a key can be tried, and nothing of it is kept", async ({ page, account, functions, watch }) => {
  watch.allow(/status of 401/);
  const key = await functions.createKey("Tried", "90d");
  await page.goto("/developers");
  const access = page.locator("#try-access"), secret = page.locator("#try-secret"), check = page.getByRole("button", { name: "Check key" });
  await check.click();
  await expect(tried(page)).toContainText("Paste the secret key.");
  await expect(secret).toBeFocused();

  await secret.fill(account.key.secret_key);
  await page.keyboard.press("Enter");
  await expect(tried(page)).toContainText("401 · key_invalid");
  await secret.fill(`KEYHOLD_ACCESS_KEY=${key.access_key}\nKEYHOLD_SECRET_KEY=${key.secret_key}`);
  await expect(access).toHaveValue(key.access_key);
  await expect(secret).toHaveValue(key.secret_key);
  await check.click();
  await expect(tried(page)).toContainText("200 · The key works. It expires on");
  await tried(page).getByText("Whole answer").click();
  await expect(tried(page)).toContainText("x-keyhold-key-name: Tried");
  expect(await violations(page)).toEqual([]);

  await functions.expireKey(key);
  await check.click();
  await expect(tried(page)).toContainText("401 · key_expired");
  await secret.fill("naïve");
  await check.click();
  await expect(tried(page)).toContainText("credentials_malformed");
  await secret.fill(key.secret_key);
  await check.click();
  expect(page.url()).not.toContain("khs_");
  await tried(page).getByRole("link", { name: "Choose a new expiration" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Tried");
  await page.goBack();
  await expect(secret).toHaveValue("");
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain("khs_");
});

test("the company's own addresses stand in the examples", async ({ browser }) => {
  const own = await Keyhold.start([], { KEYHOLD_API_URL: "https://api.example.com/v2/", KEYHOLD_DOCS_URL: "https://docs.example.com/?a=1#top" });
  const context = await browser.newContext({ baseURL: own.url });
  try {
    await newAccount(new Functions(own, context.request), "UTC");
    const page = await context.newPage();
    await page.goto("/developers");
    await expect(page.getByRole("link", { name: "API documentation" })).toHaveAttribute("href", "https://docs.example.com/?a=1#top");
    await expect(page.getByText("https://api.example.com/v2", { exact: true })).toBeVisible();
    await expect(panel(page)).toContainText('curl -i "https://api.example.com/v2" \\');
    expect(await violations(page)).toEqual([]);
  } finally {
    await context.close();
    await own.stop();
    await own.remove();
  }
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("languages can be chosen, and a key is tried with curl", async ({ page, account: _ }) => {
    await page.goto("/developers");
    await tab(page, "Java").check();
    await expect(panel(page)).toContainText("HttpClient");
    await expect(page.getByRole("button", { name: "Check key" })).toBeHidden();
    await expect(page.locator("#try-plain")).toContainText("/verify");
  });
});

test("an unknown page is a 404 with a link back", async ({ page, account: _, dashboard, watch }) => {
  watch.allow(/status of 404/);
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
  await page.getByRole("main").getByRole("link").first().click();
  await expect(dashboard.heading("Dashboard")).toBeVisible();
});
