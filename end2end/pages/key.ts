import type { Locator, Page } from "@playwright/test";

import type { Pair } from "../harness/keyhold.ts";
import { hydrated } from "../harness/hydration.ts";
import { Expiration, Frame } from "./frame.ts";

/** A key's own page. */
export class KeyPage extends Frame {
  readonly path = "/preferences/api-control";
  readonly name: Locator;
  readonly description: Locator;
  readonly expiration: Expiration;
  readonly save: Locator;
  readonly expireNow: Locator;
  readonly restoration: Expiration;
  readonly restore: Locator;
  readonly confirmName: Locator;
  readonly delete: Locator;
  readonly expireInstead: Locator;
  readonly status: Locator;
  readonly calls: Locator;
  readonly callers: Locator;
  /** The note that programs still call the expired key. */
  readonly alarm: Locator;
  readonly history: Locator;

  constructor(page: Page) {
    super(page);
    const edit = page.locator('form[action="/fn/keys/edit"]');
    const restore = page.locator("#restore");
    const remove = page.locator("#delete");
    this.name = edit.getByLabel("Name", { exact: true });
    this.description = edit.getByLabel("Description");
    this.expiration = new Expiration(edit);
    this.save = edit.getByRole("button", { name: "Save changes" });
    this.expireNow = page.getByRole("button", { name: "Expire now" });
    this.restoration = new Expiration(restore);
    this.restore = restore.getByRole("button", { name: "Restore" });
    this.confirmName = remove.getByRole("textbox");
    this.delete = remove.getByRole("button", { name: "Delete key" });
    this.expireInstead = remove.getByRole("button", { name: "Expire instead" });
    this.status = page.locator("main .pill").first();
    this.calls = page.getByRole("region", { name: "Calls, last 30 days" });
    this.callers = page.getByRole("region", { name: "Recent callers" });
    this.alarm = page.locator(".note").filter({ hasText: "still fail" });
    this.history = page.getByRole("region", { name: "History" }).getByRole("listitem");
  }

  static path(key: Pair): string {
    return `/preferences/api-control/${key.access_key}`;
  }

  async openOf(key: Pair, suffix = ""): Promise<void> {
    await this.page.goto(KeyPage.path(key) + suffix);
    await hydrated(this.page);
  }
}
