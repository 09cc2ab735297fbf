import { Functions, newAccount } from "../harness/account.ts";
import { hydrated } from "../harness/hydration.ts";
import { Keyhold } from "../harness/keyhold.ts";
import { expect, test } from "../harness/test.ts";
import { KeyPage } from "../pages/key.ts";

test("the page says that a change waits for a node that is cut off", async ({
  page,
  databaseServer,
  watch,
}) => {
  const settings = { KEYHOLD_LEASE: "10" };
  const node = await Keyhold.start([], settings, databaseServer);
  const other = await node.another(settings);
  watch.allow(new RegExp(`^elsewhere: ${node.url}/`));
  try {
    const functions = new Functions(node, page.context().request);
    const { key } = await newAccount(functions, "UTC");
    await page.goto(`${node.url}/preferences/api-control/${key.access_key}`);
    const keyPage = new KeyPage(page);
    await hydrated(page);
    expect((await other.verify(key)).status).toBe(200);

    await node.freezeOutOfTurn(other);
    await keyPage.expireNow.click();
    await expect(keyPage.toasts).toContainText(
      /Expired\. Waiting for one node that can't be reached, at most \d{1,2} s\./,
    );
    await expect(keyPage.status).toHaveText(/Expired/);
    await expect(keyPage.toasts).not.toContainText("Waiting");
    expect(await node.verify(key)).toMatchObject({ code: "key_expired" });

    // The lease is over, so the node answers only once it has the change.
    other.thaw();
    await expect.poll(async () => (await other.verify(key)).code).toBe("key_expired");
  } finally {
    other.thaw();
    await other.stop();
    await node.stop();
    await other.remove();
    await node.remove();
  }
});
