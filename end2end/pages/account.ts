import type { Locator, Page } from "@playwright/test";

import { Frame } from "./frame.ts";

/** Preferences → Account. */
export class AccountPage extends Frame {
  /** The message on the outcome of a form: the page comes without the module. */
  override readonly toasts: Locator;
  readonly path = "/preferences/account";
  readonly timeZone: Locator;
  readonly warningDays: Locator;
  readonly save: Locator;
  readonly currentPassword: Locator;
  readonly newPassword: Locator;
  readonly changePassword: Locator;
  /** The dangerous part. */
  readonly deletion: Locator;
  /** The browsers that are signed in. */
  readonly sessions: Locator;

  constructor(page: Page) {
    super(page);
    this.toasts = page.locator(".told").getByRole("status");
    this.timeZone = page.getByLabel("Time zone");
    this.warningDays = page.getByLabel("Warning window (days)");
    this.save = page.getByRole("button", { name: "Save preferences" });
    this.currentPassword = page.getByRole("textbox", { name: "Current password" });
    this.newPassword = page.getByRole("textbox", { name: "New password" });
    this.changePassword = page.getByRole("button", { name: "Change password" });
    this.deletion = page.getByRole("region", { name: "Delete account" });
    this.sessions = page.getByRole("region", { name: "Sessions" }).getByRole("listitem");
  }

  /** The button for System, Light or Dark. */
  theme(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }
}
