import type { Page } from "@playwright/test";

import { hydrated } from "../harness/hydration.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

test("after signing in, the page opens at the link's fragment", async ({ page, account, functions, signIn, keyPage }) => {
  await functions.expireKey(account.key);
  await page.context().clearCookies();
  await page.goto(`${KeyPage.path(account.key)}#restore`);
  await expect(page).toHaveURL(/\/sign-in\?next=.*#restore$/);
  await hydrated(page);
  await signIn.signIn(account.email, account.password);
  await expect(page).toHaveURL(new RegExp(`${account.key.access_key}#restore$`));
  await expect(keyPage.restore).toBeInViewport();
});

test("input is kept when the session ends, and restored after signing in again", async ({
  page,
  account,
  createPage,
  signIn,
  watch,
}) => {
  watch.allow(/status of 401/);
  await createPage.open();
  await createPage.name.fill("Half written");
  await createPage.description.fill("Two\nlines");
  await createPage.expiration.choose("30d");
  await page.context().clearCookies();
  await createPage.submit.click();
  await expect(page.getByText("Your session has ended.")).toBeVisible();
  await hydrated(page);
  await signIn.signIn(account.email, account.password);
  await expect(page).toHaveURL(new RegExp(`${createPage.path}$`));
  await expect(createPage.name).toHaveValue("Half written");
  await expect(createPage.description).toHaveValue("Two\nlines");
  await expect(createPage.expiration.select).toHaveValue("30d");
  expect(await page.evaluate(() => Object.values(sessionStorage).join())).not.toContain("Half written");
});

test("an error without a connection clears by itself, and the form can be sent again", async ({
  page,
  account: _,
  createPage,
  watch,
}) => {
  watch.allow(/ERR_FAILED|ERR_INTERNET_DISCONNECTED|Failed to fetch/);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await createPage.open();
  await createPage.name.fill("Sent twice");
  await page.route("**/fn/**", (route) => route.abort());
  await createPage.submit.click();
  const alert = page.getByRole("alert").filter({ hasText: "We can't reach the server" });
  await expect(alert.first()).toBeVisible();
  await page.unroute("**/fn/**");
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(alert).toHaveCount(0);
  await expect(createPage.name).toHaveValue("Sent twice");
  await createPage.submit.click();
  await expect(createPage.heading("Sent twice is ready")).toBeVisible();
  await createPage.issued.copyBoth.click();
});

test("a kept draft does not override a change made meanwhile", async ({ page, account, keyPage, functions, signIn, watch }) => {
  watch.allow(/status of (401|409)/);
  await keyPage.openOf(account.key);
  await keyPage.description.fill("half written");
  const key = { access_key: account.key.access_key, name: "Default key", expiry: "never" };
  expect((await functions.post("keys/edit", { ...key, description: "written elsewhere" })).status).toBe(200);
  await page.context().clearCookies();
  await keyPage.save.click();
  await expect(page.getByText("Your session has ended.")).toBeVisible();
  await hydrated(page);
  await signIn.signIn(account.email, account.password);
  await expect(keyPage.description).toHaveValue("half written");
  await keyPage.save.click();
  await expect(page.getByRole("alert")).toContainText("has changed since you opened this form");
  await expect(keyPage.description).toHaveAccessibleDescription(/Stored now: written elsewhere/);
  expect((await functions.showKey(account.key)).key.description).toBe("written elsewhere");
});

test("a typed address stays while the link to the old one is sent again", async ({ page, account, accountPage }) => {
  await accountPage.open();
  const address = page.getByLabel("New address");
  const password = page.getByRole("region", { name: "Email address" }).getByRole("textbox", { name: "Your password" });
  await address.fill("new@example.com");
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(accountPage.toasts).toContainText("We sent a new link.");
  await expect(address).toHaveValue("new@example.com");
  await password.fill(account.password);
  await page.getByRole("button", { name: "Change address" }).click();
  await expect(page.getByText("We sent a link to new@example.com.")).toBeVisible();
  // After success the password is cleared.
  await expect(password).toHaveValue("");
});

test("no password is kept, and nothing for another account", async ({ page, account, accountPage, functions, watch }) => {
  watch.allow(/status of 401/);
  await accountPage.open();
  await accountPage.warningDays.fill("33");
  await accountPage.currentPassword.fill(account.password);
  await accountPage.newPassword.fill("a password to be");
  await page.getByRole("button", { name: "Show New password" }).click();
  await page.context().clearCookies();
  await accountPage.save.click();
  await expect(page.getByText("Your session has ended.")).toBeVisible();
  const kept = await page.evaluate(() => Object.values(sessionStorage).join());
  expect(kept).toContain("33");
  expect(kept).not.toContain(account.password);
  expect(kept).not.toContain("a password to be");
  await functions.signUp("another.one@example.com", "UTC");
  await accountPage.open();
  await expect(accountPage.warningDays).toHaveValue("14");
});

test("if the clipboard is denied, the page says so and selects the text", async ({ page, account, keyPage }) => {
  await page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await keyPage.openOf(account.key);
  await page.getByRole("button", { name: /^Copy/ }).first().click();
  await expect(keyPage.toasts).toContainText("The browser blocked the clipboard.");
  expect(await page.evaluate(() => String(getSelection()).trim())).toBe(account.key.access_key);
});

/** Imitates a translator: wraps each text into new elements and removes the page's own text node. */
async function translate(page: Page): Promise<void> {
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      if (!text.data.trim() || text.parentElement?.closest("script, style, option, textarea")) continue;
      const font = document.createElement("font");
      font.textContent = text.data;
      text.replaceWith(font);
    }
  });
}

test("a translated page shows changes", async ({ page, account: _, functions, apiControl, keyPage, watch }) => {
  watch.allow(/status of 422/);
  const key = await functions.createKey("Translated", "3d");
  await keyPage.openOf(key);
  await expect(keyPage.status).toHaveText(/^Expires in 3 days/);
  await translate(page);
  await keyPage.expireNow.click();
  await expect(keyPage.status).toHaveText(/^Expired/);
  await expect(keyPage.toasts).toContainText("Translated has expired.");
  await expect(keyPage.restore).toBeVisible();
  await translate(page);
  await keyPage.name.fill("");
  await keyPage.save.click();
  await expect(page.getByText("Give the key a name.")).toBeVisible();
  await keyPage.undo.click();
  await expect(keyPage.status).toHaveText(/^Expires in 3 days/);

  await apiControl.open();
  await translate(page);
  await (await apiControl.action("Translated", "Expire now")).click();
  await expect(apiControl.pill("Translated")).toHaveText(/^Expired/);
});

test.describe("a secret key in the search", () => {
  test("is removed before the search", async ({ page, account, apiControl, functions }) => {
    const { access_key, secret_key } = await functions.createKey("Found by its pair");
    await apiControl.open();
    for (const pair of [`${access_key}.${secret_key}`, ` ${access_key}  ${secret_key} `, `Authorization: Bearer ${access_key}.${secret_key}`, btoa(`${access_key}:${secret_key}`)]) {
      await apiControl.search.fill(pair);
      await expect(apiControl.search).toHaveValue(access_key);
      await expect(apiControl.names()).toHaveText(["Found by its pair"]);
      await expect(apiControl.toasts).toContainText("That is the secret key of Found by its pair.");
      await expect(page).toHaveURL(new RegExp(`q=${access_key}$`));
      await apiControl.search.fill("");
      await expect(apiControl.rows).toHaveCount(2);
    }
    await apiControl.search.fill(account.key.secret_key);
    await expect(apiControl.search).toHaveValue("");
    await expect(apiControl.toasts).toContainText("That is the secret key of Default key.");
    expect(page.url()).not.toContain("khs_");
  });

  test("is removed in rarer spellings too", async ({ page, account: _, apiControl, functions, watch }) => {
    // A part of one belongs to no key.
    watch.allow(/status of 422/);
    const { secret_key } = await functions.createKey("Found by its secret");
    const bare = secret_key.slice(4);
    const wide = [...secret_key].map((char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)).join("");
    const addresses: string[] = [];
    page.on("request", (request) => void addresses.push(request.url()));
    page.on("framenavigated", (frame) => void addresses.push(frame.url()));
    await apiControl.open();
    for (const spelling of [`khs%5F${bare}`, `khs%255f${bare}`, `khs&#95;${bare}`, wide, btoa(secret_key), bare]) {
      await apiControl.search.fill(spelling);
      await expect(apiControl.search).toHaveValue("");
      await expect(apiControl.toasts).toContainText("That is the secret key of Found by its secret.");
      await apiControl.open();
    }
    await apiControl.search.fill(bare.slice(0, 45));
    await expect(apiControl.search).toHaveValue("");
    await expect(apiControl.toasts).toContainText("That isn't a whole secret key.");
    await apiControl.search.fill("Checkout service of production in eu west 1 replica 2");
    await expect(page).toHaveURL(/q=Checkout/);
    expect(addresses.filter((address) => /khs|%EF%BD|q=[^C]/i.test(address))).toEqual([]);
  });

  test.describe("without script", () => {
    test.use({ javaScriptEnabled: false });

    test("is removed from the address at once", async ({ page, account, apiControl, watch, keyhold }) => {
      // Without script the browser sends it, but it does not stay in the address.
      watch.allow(/secret in the address/);
      const { access_key, secret_key } = account.key;
      await page.goto(apiControl.path);
      await apiControl.search.fill(`${access_key}:${secret_key}`);
      await apiControl.search.press("Enter");
      await expect(page).toHaveURL(new RegExp(`q=${access_key}&sort=.*done=secret$`));
      await expect(apiControl.names()).toHaveText(["Default key"]);
      await expect(page.getByText("That was a secret key.")).toBeVisible();
      await apiControl.search.fill(secret_key);
      await apiControl.search.press("Enter");
      await expect(page).toHaveURL(/done=secret$/);
      expect(page.url()).not.toContain("khs_");
      expect(keyhold.log).not.toContain(secret_key);
    });
  });
});
