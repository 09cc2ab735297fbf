import { expect, test } from "../harness/test.ts";

/** Text that is shown unchanged. */
const SHOWN: [string, string][] = [
  ["HTML", `<script>alert(1)</script><img src=x onerror=alert(1)>`],
  ["an attribute's end", `" autofocus onfocus=alert(1) x="`],
  ["SQL", `'); DROP TABLE keys; --`],
  ["a template", "{{7*7}} ${7*7} %s %n"],
  ["emoji", "👩‍👩‍👧‍👦 family 🏳️‍🌈"],
  ["zero-width", "in\u200bvis\u200dible"],
  ["right-to-left", "مفتاح الإنتاج"],
  ["no place to break", "W".repeat(80)],
  ["a script's end", `</script><script>alert(1)</script><!--`],
  ["a title's end", `</title><script>alert(1)</script>`],
  ["a redirect", `</title><meta http-equiv=refresh content=0;url=//evil.example>`],
  ["a textarea's end", `</textarea><svg onload=alert(1)>`],
  ["other ends", `]]></style></noscript><!--<svg onload=alert(1)>`],
];

/** Text that is rejected, with the reason at the field. */
const REFUSED: [string, string][] = [
  ["10,000 characters", "x".repeat(10_000)],
  ["a text-direction override", "abc\u202egnp.exe"],
  ["CRLF", "name\r\nSet-Cookie: x=y"],
  ["NUL", "name\u0000"],
  ["nothing to see", "\u200b\u200d"],
];

for (const [kind, text] of SHOWN) {
  test(`text stays text: ${kind}`, async ({ page, keyhold, account, functions, apiControl, keyPage, dashboard, watch }) => {
    const key = await functions.createKey(text, "3d", text);
    for (const open of [() => apiControl.open(), () => dashboard.open(), () => apiControl.open(`?q=${encodeURIComponent(text)}`)]) {
      await open();
      await expect(page.getByRole("main").getByText(text).first()).toBeVisible();
      // A name never makes the page wider than the window, whatever the width.
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      await page.setViewportSize({ width: 1280, height: 720 });
    }
    await keyPage.openOf(key);
    await expect(page).toHaveTitle(`${text} · Keyhold`);
    await expect(page).toHaveURL(new RegExp(`${key.access_key}$`));
    await expect(keyPage.name).toHaveValue(text);
    await expect(keyPage.description).toHaveValue(text);
    await keyPage.expireNow.click();
    await expect(keyPage.toasts).toContainText(text);
    await functions.post("keys/restore", { access_key: key.access_key, expiry: "never" });

    const answer = await keyhold.verify(key);
    expect(answer.status).toBe(200);
    expect(decodeURIComponent(answer.headers.get("x-keyhold-key-name") ?? "")).toBe(text);
    await keyPage.reload();
    await keyPage.openDeletion();
    await keyPage.confirmName.fill(text);
    await keyPage.delete.click();
    await expect(apiControl.heading("API Control")).toBeVisible();
    expect((await keyhold.verify(key)).code).toBe("key_invalid");
    expect((await keyhold.verify(account.key)).status).toBe(200);
    expect(watch.faults).toEqual([]);
  });
}

for (const [kind, text] of REFUSED) {
  test(`an invalid name is rejected at the field: ${kind}`, async ({ account: _, functions, apiControl }) => {
    const { status, body } = await functions.post("keys/create", { name: text, description: "", expiry: "30d" });
    expect(status).toBe(422);
    expect(Object.keys(body.fields)).toEqual(["name"]);
    await apiControl.open();
    await expect(apiControl.rows).toHaveCount(1);
  });
}

test("every field of every form answers hostile text with a message, never with an error of the server", async ({ account, functions }) => {
  const forms: [string, string[]][] = [
    ["account/sign-in", ["email", "password", "next"]],
    ["account/sign-up", ["email", "password", "time_zone"]],
    ["account/preferences", ["time_zone", "warning_days"]],
    ["account/password", ["current_password", "new_password"]],
    ["account/theme", ["theme"]],
    ["keys/create", ["name", "description", "expiry", "expiry_date", "expiry_datetime"]],
    ["keys/edit", ["access_key", "name", "description", "expiry"]],
    ["keys/bulk", ["action", "access_keys", "all", "q", "status", "show", "expiry", "confirm_count", "as_of"]],
    ["keys/undo", ["change"]],
    ["keys/expire", ["access_key"]],
    ["keys/preview", ["action", "access_keys", "all", "q", "status", "show", "expiry"]],
    ["keys/restore", ["access_key", "expiry"]],
    ["keys/delete", ["access_key", "confirm_name"]],
    ["keys/list", ["q", "status", "sort", "page"]],
    ["keys/show", ["access_key"]],
    ["keys/expiry", ["expiry", "expiry_date", "expiry_datetime"]],
    ["keys/wait", ["change", "access_key"]],
    ["notices/stages", ["days_30", "expired"]],
    ["notices/second-recipient", ["address"]],
    ["notices/resend", ["recipient"]],
    ["notices/send-again", ["mail"]],
    ["account/forgot-password", ["email"]],
    ["account/show-link", ["token"]],
    ["account/confirm", ["token"]],
    ["account/reset-password", ["token", "new_password"]],
  ];
  const texts = [...SHOWN, ...REFUSED].map(([, text]) => text).concat("", "-1", "9".repeat(40), "../../etc/passwd");
  for (const [path, fields] of forms) {
    for (const text of texts) {
      const { status } = await functions.post(path, Object.fromEntries(fields.map((field) => [field, text])));
      expect(status, `${path} with ${JSON.stringify(text.slice(0, 40))}`).toBeLessThan(500);
    }
  }
  expect((await functions.showKey(account.key)).key.name).toBe("Default key");
});

test("a body of more than 64 KiB is rejected", async ({ account: _, functions }) => {
  const { status } = await functions.post("keys/create", { name: "x", description: "y".repeat(70_000), expiry: "30d" });
  expect(status).toBe(413);
});
