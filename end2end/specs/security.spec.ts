import type { Response } from "@playwright/test";

import { freshEmail, Functions, newAccount, PASSWORD } from "../harness/account.ts";
import { basic, SECRET } from "../harness/keyhold.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

/** Bytes of HTML, style, script and module together. */
const FIRST_LOAD = 290_000;

test("an injected script does not run", async ({ page, account: _, dashboard, watch }) => {
  watch.allow(/Content Security Policy/);
  // Imitates a server that lets markup through, where the parser meets it.
  await page.route("/", async (route) => {
    const answer = await route.fetch();
    const script = `<script>document.documentElement.dataset.injected = "script"</script>`;
    const handler = `<img src="/favicon.svg" alt="" onload="document.documentElement.dataset.injected = 'handler'">`;
    const body = (await answer.text()).replace("</head>", `${script}</head>`).replace("</body>", `${handler}</body>`);
    await route.fulfill({ response: answer, body });
  });
  await dashboard.open();
  await expect.poll(() => watch.faults.filter((fault) => fault.includes("Content Security Policy")).length).toBe(2);
  await expect(page.locator("html")).not.toHaveAttribute("data-injected");
});

test("every page has the security headers", async ({ page, account, apiControl }) => {
  const nonces = new Set<string>();
  const paths = ["/", apiControl.path, KeyPage.path(account.key), "/preferences/account", "/developers", "/no/such/page"];
  for (const path of paths) {
    const answer = await page.request.get(path);
    const headers = answer.headers();
    const policy = headers["content-security-policy"] ?? "";
    for (const part of ["'strict-dynamic'", "'wasm-unsafe-eval'", "style-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy, path).toContain(part);
    }
    expect(policy).not.toContain("'unsafe-inline'");
    expect(policy).not.toContain("'unsafe-eval'");
    nonces.add(/'nonce-([^']+)'/.exec(policy)?.[1] ?? "");
    expect(headers["x-content-type-options"], path).toBe("nosniff");
    expect(headers["referrer-policy"], path).toBe("same-origin");
    expect(headers["cross-origin-opener-policy"], path).toBe("same-origin");
    expect(headers["cache-control"], path).toContain("no-store");
  }
  expect(nonces.size).toBe(paths.length);
});

test("the site's files are immutable, compressed, and within their size limit", async ({
  page,
  account: _,
  signIn,
}) => {
  await page.context().clearCookies();
  const responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  await signIn.open();
  const files = responses.filter((response) => new URL(response.url()).pathname.startsWith("/pkg/"));
  expect(files.length).toBe(3);
  let total = 0;
  for (const file of files) {
    const headers = await file.allHeaders();
    expect(headers["cache-control"], file.url()).toBe("public, max-age=31536000, immutable");
    expect(headers["content-encoding"], file.url()).toMatch(/br|gzip/);
    const brotli = await page.request.get(file.url(), { headers: { "accept-encoding": "br" } });
    expect(brotli.headers()["content-encoding"]).toBe("br");
    total += Number(brotli.headers()["content-length"]);
  }
  const html = await page.request.get("/sign-in", { headers: { "accept-encoding": "identity" } });
  total += (await html.body()).length;
  expect(total).toBeLessThanOrEqual(FIRST_LOAD);
});

test("another account's key is answered exactly like a missing one", async ({ page, browser, keyhold, account: _, functions, watch }) => {
  watch.allow(/status of 404/);
  const stranger = await browser.newContext();
  const { key } = await newAccount(new Functions(keyhold, stranger.request), "UTC");
  await stranger.close();
  const missing = "kh_0000000000000000";
  const calls: [string, Record<string, string>][] = [
    ["keys/show", {}],
    ["keys/edit", { name: "Mine now", description: "", expiry: "never" }],
    ["keys/expire", {}],
    ["keys/restore", { expiry: "30d" }],
    ["keys/delete", { confirm_name: "Default key" }],
  ];
  for (const [path, form] of calls) {
    const foreign = await functions.post(path, { ...form, access_key: key.access_key });
    expect(foreign, path).toEqual(await functions.post(path, { ...form, access_key: missing }));
    expect(foreign.status).toBe(404);
  }
  expect((await keyhold.verify(key)).status).toBe(200);

  const texts: string[] = [];
  for (const access_key of [key.access_key, missing]) {
    const answer = await page.goto(`/preferences/api-control/${access_key}`);
    expect(answer?.status()).toBe(404);
    texts.push(await page.getByRole("main").innerText());
  }
  expect(texts[0]).toBe(texts[1]);
});

test("a form on another site changes nothing", async ({ page, keyhold, account }) => {
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://example.org" },
    { origin: "null" },
  ] as Record<string, string>[]) {
    const answer = await page.request.post("/fn/keys/expire", {
      form: { access_key: account.key.access_key },
      headers,
      maxRedirects: 0,
    });
    expect(answer.status(), JSON.stringify(headers)).toBe(403);
  }
  const read = await page.request.get(`/fn/keys/expire?access_key=${account.key.access_key}`, { maxRedirects: 0 });
  expect(read.status()).toBeGreaterThanOrEqual(400);
  expect((await keyhold.verify(account.key)).status).toBe(200);
});

test("a secret is shown once and is nowhere else", async ({ page, keyhold, signUp, createPage, apiControl, watch }) => {
  watch.answerDialogs((dialog) => dialog.accept());
  await signUp.open();
  await signUp.email.fill(freshEmail());
  await signUp.password.fill(PASSWORD);
  await signUp.submit.click();
  await expect(signUp.issued.card).toBeVisible();
  const first = await signUp.issued.read();
  await signUp.goOn.click();
  await signUp.leaving.leave.click();
  await createPage.open();
  await createPage.name.fill("Second");
  await createPage.submit.click();
  await expect(createPage.issued.card).toBeVisible();
  const second = await createPage.issued.read();

  for (const key of [first, second]) {
    expect(key.secret_key).toMatch(SECRET);
    // Right and wrong secrets, in every carrier.
    await keyhold.ask({ authorization: basic(key) });
    await keyhold.ask({ authorization: `Bearer ${key.access_key}.${key.secret_key}` });
    await keyhold.ask({ "x-api-key": `${key.access_key}.${key.secret_key}` });
    await keyhold.ask({ authorization: `Basic ${key.secret_key}` });
    await keyhold.ask({ authorization: basic({ ...key, secret_key: `${key.secret_key}x` }) });
    await keyhold.ask({ authorization: basic(key), "x-api-key": key.secret_key });
  }
  await createPage.page.goto(apiControl.path);
  for (const path of ["/", apiControl.path, KeyPage.path(second), "/developers"]) {
    await page.goto(path);
    expect(await page.content()).not.toMatch(SECRET);
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]));
    expect(kept).not.toMatch(SECRET);
  }
  expect(keyhold.secrets.has(first.secret_key) && keyhold.secrets.has(second.secret_key)).toBe(true);
  expect(await keyhold.leaks()).toEqual([]);
  for (const key of [first, second]) {
    const sent = basic(key).slice("Basic ".length);
    expect(keyhold.log).not.toContain(sent);
  }
});
