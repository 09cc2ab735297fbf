import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Page } from "@playwright/test";
import PostalMime from "postal-mime";

import { Functions, newAccount } from "../harness/account.ts";
import { Keyhold } from "../harness/keyhold.ts";
import { contrastFaults, contrasts, overflow, violations } from "../harness/look.ts";
import { Mailbox } from "../harness/mail.ts";
import { expect, test } from "../harness/test.ts";
import { tour, visit } from "../harness/tour.ts";

/** A logo in one colour, as a file. */
function logo(name: string, colour: string): string {
  const file = join(tmpdir(), `keyhold-${process.pid}-${name}.svg`);
  const drawn = `<path fill="${colour}" d="M2 2h28v28H2Z"/><path fill="${colour}" d="M40 8h76v16H40Z"/>`;
  writeFileSync(file, `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="32" viewBox="0 0 120 32">${drawn}</svg>`);
  return file;
}

/** A server of a company, with everything that it can set. */
async function acme(): Promise<Keyhold> {
  return Keyhold.start([], {
    KEYHOLD_NAME: "Acme",
    KEYHOLD_LOGO_FILE: logo("light", "#7a1fa2"),
    KEYHOLD_LOGO_DARK_FILE: logo("dark", "#e1bee7"),
    KEYHOLD_FAVICON_FILE: logo("icon", "#7a1fa2"),
    KEYHOLD_ACCENT: "#7a1fa2",
    KEYHOLD_KEY_PREFIX: "acme",
    KEYHOLD_CREDIT: "hidden",
    KEYHOLD_MAIL_FOOTER: "Acme GmbH\nBerlin",
    KEYHOLD_DOCS_URL: "https://docs.acme.example/",
    KEYHOLD_SUPPORT_URL: "https://acme.example/help",
    KEYHOLD_TERMS_URL: "https://acme.example/terms",
  });
}

/** A text without the headers whose names a contract fixes. */
const withoutHeaders = (text: string) => text.replaceAll(/x-keyhold-[a-z-]+/gi, "");

test("no page and no email of a company says Keyhold", async ({ browser }) => {
  test.setTimeout(240_000);
  const company = await acme();
  const context = await browser.newContext({ baseURL: company.url, reducedMotion: "reduce" });
  try {
    const functions = new Functions(company, context.request);
    const account = await newAccount(functions, "UTC");
    expect(account.key.access_key).toMatch(/^acme_/);
    const page = await context.newPage();
    page.on("dialog", (dialog) => void dialog.accept());
    const sights = await tour(company, account, functions, new Mailbox(company));
    const cookies = await context.cookies();
    for (const sight of sights) {
      if (sight.signedOut) await context.clearCookies();
      else await context.addCookies(cookies);
      await visit(page, sight);
      const content = withoutHeaders(await page.content());
      expect.soft(content, sight.name).not.toMatch(/Keyhold|KEYHOLD/);
      // The address of the missing key is the test's own.
      if (sight.name !== "key-missing") expect.soft(content, sight.name).not.toMatch(/\bkhs?_/);
      expect.soft(await page.title(), sight.name).toContain(" · Acme");
      expect.soft(await overflow(page), sight.name).toBe(0);
      await expect.soft(page.locator(".page-foot").getByRole("link"), sight.name).toHaveCount(3);
    }
    const folder = join(company.folder, "data", "mail");
    const mails = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".eml"));
    expect(mails.length).toBeGreaterThan(3);
    for (const file of mails) {
      const raw = readFileSync(join(folder, file));
      const { text, html } = await PostalMime.parse(raw);
      expect.soft(`${raw}\n${text}\n${html}`, file).not.toMatch(/keyhold/i);
      expect.soft(text, file).toContain("\nAcme GmbH\nBerlin");
      expect.soft(html, file).toContain("Acme GmbH<br>Berlin");
    }
  } finally {
    await context.close();
    await company.stop();
    await company.remove();
  }
});

test("a company's logo suits the theme, and its files are its own", async ({ browser }) => {
  const company = await acme();
  const context = await browser.newContext({ baseURL: company.url });
  const faults: string[] = [];
  try {
    await newAccount(new Functions(company, context.request), "UTC");
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    for (const [colorScheme, shown] of [["light", "logo.light"], ["dark", "logo.dark"]] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto("/preferences/api-control");
        const logos = page.getByRole("link", { name: "Acme" }).getByRole("img").filter({ visible: true });
        await expect(logos).toHaveCount(1);
        await expect(logos).toHaveClass(shown.replace(".", " "));
        expect(await logos.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);
        expect.soft(await violations(page), `${colorScheme}, ${width} px`).toEqual([]);
      }
    }
    const address = await page.locator(".logo").first().getAttribute("src");
    const answer = await context.request.get(address!);
    expect(answer.headers()["cache-control"]).toContain("immutable");
    expect(answer.headers()["content-security-policy"]).toContain("default-src 'none'");
    expect(answer.headers()["content-security-policy"]).toContain("sandbox");
    expect(faults).toEqual([]);
  } finally {
    await context.close();
    await company.stop();
    await company.remove();
  }
});

/** Colours of any kind, the same in each run, after those at the ends. */
function accents(count: number): string[] {
  const found = ["#ffffff", "#000000", "#ffff00", "#808080", "#00ff00", "#0000ff"];
  for (let state = 20261130; found.length < count; ) {
    // The generator of Park and Miller.
    state = (state * 48271) % 2147483647;
    found.push(`#${(state % 0x1000000).toString(16).padStart(6, "0")}`);
  }
  return found;
}

/** The style sheet that a server has for a colour. */
async function sheet(accent: string): Promise<string> {
  const company = await Keyhold.start([], { KEYHOLD_ACCENT: accent });
  try {
    const html = await (await fetch(`${company.url}/sign-in`)).text();
    const [, address] = html.match(/href="(\/brand\/colours\.[0-9a-f]{16}\.css)"/) ?? [];
    return await (await fetch(company.url + address)).text();
  } finally {
    await company.stop();
    await company.remove();
  }
}

/** Puts a style sheet after the page's own, in place of an earlier one. */
function dress(page: Page, css: string): Promise<void> {
  return page.evaluate((css) => {
    const added = new CSSStyleSheet();
    added.replaceSync(css);
    document.adoptedStyleSheets = [added];
  }, css);
}

test("fifty accents have contrast in both themes", async ({ page, account: _, functions }) => {
  test.setTimeout(180_000);
  await functions.createKey("Soon", "3d");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("/preferences/api-control");
  await page.getByRole("checkbox", { name: "Select Soon" }).check();
  const edges: [string, string][] = ["--paper", "--surface"].map((ground) => ["--fill", ground]);
  const colours = accents(50);
  const sheets: string[] = [];
  // Five servers at a time.
  for (let at = 0; at < colours.length; at += 5) sheets.push(...(await Promise.all(colours.slice(at, at + 5).map(sheet))));
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [at, accent] of colours.entries()) {
      expect(sheets[at]).toContain(`--button:${accent}`);
      await dress(page, sheets[at]!);
      expect.soft(await contrastFaults(page), `${accent}, ${colorScheme}`).toEqual([]);
      for (const ratio of await contrasts(page, edges)) expect.soft(ratio, `${accent}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    }
  }
  // The looks differ, and one of them that cannot be read is found.
  expect(new Set(sheets).size).toBe(colours.length);
  await dress(page, ":root { --button: #777; --on-button: #888; --ink: #777; }");
  expect(await contrastFaults(page)).not.toEqual([]);
});
