import { expect, test } from "../harness/test.ts";

/** Sends mails to a real SMTP server, which rejects some of them. */
test.use({ overSmtp: true });

const WORDS = "5.1.1 no such mailbox <b>here</b>";

test("a rejected mail is shown with the server's response, and can be sent again", async ({
  account,
  functions,
  noticesPage,
  postOffice,
}) => {
  postOffice.refused.set(account.email, WORDS);
  await functions.expireKey(await functions.createKey("staging"));
  await noticesPage.open();
  const row = noticesPage.mail("staging");
  await expect(row.locator(".pill")).toHaveText("Failed");
  await expect(row).toContainText(WORDS);
  await expect(noticesPage.failures).toBeVisible();
  const letters = () => postOffice.letters.filter((letter) => letter.to?.[0]?.address === account.email);
  expect(letters().filter((letter) => letter.subject?.includes("staging"))).toEqual([]);

  postOffice.refused.delete(account.email);
  await noticesPage.sendAgain(row).click();
  await expect(noticesPage.toasts).toContainText("We'll send the email again.");
  // The page refreshes by itself.
  await expect(row.locator(".pill")).toHaveText("Sent");
  await expect(noticesPage.sendAgain(row)).toHaveCount(0);
  expect(letters().map((letter) => letter.subject)).toContain("1 API key has expired: staging");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("sending again is a plain form", async ({ page, account, functions, noticesPage, postOffice }) => {
    postOffice.refused.set(account.email, WORDS);
    await functions.expireKey(await functions.createKey("nightly"));
    const row = noticesPage.mail("nightly");
    await expect(async () => {
      await page.goto(noticesPage.path);
      await expect(row.locator(".pill")).toHaveText("Failed", { timeout: 500 });
    }).toPass();
    postOffice.refused.delete(account.email);
    await noticesPage.sendAgain(row).click();
    await expect(page.getByText("We'll send the email again.")).toBeVisible();
    await expect(async () => {
      await page.goto(noticesPage.path);
      await expect(row.locator(".pill")).toHaveText("Sent", { timeout: 500 });
    }).toPass();
  });
});
