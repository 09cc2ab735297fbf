import type { Locator, Page } from "@playwright/test";

import type { Pair } from "../harness/keyhold.ts";
import { hydrated } from "../harness/hydration.ts";
import { ExpirySelect, Frame } from "./frame.ts";

/** A key's own page. */
export class KeyPage extends Frame {
  readonly path = "/preferences/api-control";
  readonly name: Locator;
  readonly description: Locator;
  readonly save: Locator;
  readonly expireNow: Locator;
  /** The button of the menu with the control for the expiration of a key that works. */
  readonly extend: Locator;
  readonly extension: ExpirySelect;
  readonly setExpiration: Locator;
  readonly restoration: ExpirySelect;
  readonly restore: Locator;
  /** The dialog of the deletion; without script, a section. */
  readonly deletion: Locator;
  readonly confirmName: Locator;
  readonly delete: Locator;
  readonly expireInstead: Locator;
  readonly status: Locator;
  readonly properties: Locator;
  readonly calls: Locator;
  readonly callers: Locator;
  /** The note that programs still call the expired key. */
  readonly alarm: Locator;
  readonly history: Locator;

  constructor(page: Page) {
    super(page);
    this.properties = page.getByRole("region", { name: "Properties" });
    const menu = page.locator("#extend");
    const restore = page.getByRole("region", { name: "Restore" });
    this.deletion = page.locator("#delete");
    this.name = this.properties.getByLabel("Name", { exact: true });
    this.description = this.properties.getByLabel("Description");
    this.save = this.properties.getByRole("button", { name: "Save changes" });
    this.expireNow = page.getByRole("button", { name: "Expire now" });
    this.extend = menu.locator("> summary");
    this.extension = new ExpirySelect(menu);
    this.setExpiration = menu.getByRole("button", { name: "Set expiration" });
    this.restoration = new ExpirySelect(restore);
    this.restore = restore.getByRole("button", { name: "Restore" });
    this.confirmName = this.deletion.getByLabel("Name of the key");
    this.delete = this.deletion.getByRole("button", { name: "Delete key" });
    this.expireInstead = this.deletion.getByRole("button", { name: "Expire instead" });
    this.status = page.locator("main .pill").first();
    this.calls = page.getByRole("region", { name: "Calls" });
    this.callers = page.getByRole("region", { name: "Recent callers" });
    this.alarm = restore.locator(".alarm");
    this.history = page.getByRole("region", { name: "History" }).getByRole("listitem");
  }

  static path(key: Pair): string {
    return `/preferences/api-control/${key.access_key}`;
  }

  async openOf(key: Pair, suffix = ""): Promise<void> {
    await this.page.goto(KeyPage.path(key) + suffix);
    await hydrated(this.page);
  }

  /** Sets another expiration of a key that works. */
  async setTo(expiry: string): Promise<void> {
    await this.extend.click();
    await this.extension.choose(expiry);
    await this.setExpiration.click();
  }

  /** Opens the dialog of the deletion from the menu. */
  async openDeletion(): Promise<void> {
    await this.page.locator("summary[aria-label^='More for']").click();
    await this.page.getByRole("link", { name: "Delete…" }).click();
  }
}
