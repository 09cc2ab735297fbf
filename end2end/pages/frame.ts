import type { Locator, Page } from "@playwright/test";

import { hydrated } from "../harness/hydration.ts";

/** The parts that every page has. */
export abstract class Frame {
  readonly page: Page;
  /** The messages about results, with Undo. */
  readonly toasts: Locator;
  readonly undo: Locator;
  readonly signOut: Locator;

  constructor(page: Page) {
    this.page = page;
    this.toasts = page.locator(".toasts");
    this.undo = page.getByRole("button", { name: "Undo" });
    this.signOut = page.getByRole("button", { name: "Sign out" });
  }

  abstract readonly path: string;

  heading(name: string): Locator {
    return this.page.getByRole("heading", { level: 1, name, exact: true });
  }

  /** Opens the page and waits until its script has taken it over. */
  async open(query = ""): Promise<void> {
    await this.page.goto(this.path + query);
    await hydrated(this.page);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await hydrated(this.page);
  }
}

/** The control for a key's expiration: one select, and a field beside it for a date. */
export class ExpirySelect {
  readonly select: Locator;
  readonly date: Locator;
  readonly dateTime: Locator;
  /** The resulting instant, or what is wrong. */
  readonly line: Locator;

  constructor(within: Locator, label = "New expiration") {
    this.select = within.getByRole("combobox", { name: label, exact: true });
    this.date = within.getByLabel("Date", { exact: true });
    this.dateTime = within.getByLabel("Date and time", { exact: true });
    this.line = within.locator(".expiry .help");
  }

  /** Sets an expiration: by the days after the present one, `+90`, or else in the forms' grammar. */
  async choose(expiry: string): Promise<void> {
    if (expiry.startsWith("+")) {
      await this.select.selectOption(await this.select.getByText(`${expiry} days`).getAttribute("value"));
    } else if (/^\d{4}-\d\d-\d\dT/.test(expiry)) {
      await this.select.selectOption("datetime");
      await this.dateTime.fill(expiry);
    } else if (/^\d{4}-/.test(expiry)) {
      await this.select.selectOption("date");
      await this.date.fill(expiry);
    } else {
      await this.select.selectOption(expiry);
    }
  }
}

/** The card that shows a secret once. */
export class IssuedCard {
  readonly card: Locator;
  readonly copySecret: Locator;
  readonly copyBoth: Locator;
  /** Whether the first call has come. */
  readonly firstCall: Locator;

  constructor(page: Page) {
    this.card = page.getByTestId("issued-key");
    this.copySecret = this.card.getByRole("button", { name: /^(Copy|Copied)\s+secret key$/ });
    this.copyBoth = this.card.getByRole("button", { name: /^(Copy both|Copied)/ });
    this.firstCall = this.card.getByRole("status").filter({ hasText: /first call/i });
  }

  async read(): Promise<{ access_key: string; secret_key: string }> {
    return {
      access_key: (await this.card.getByTestId("access-key").innerText()).trim(),
      secret_key: (await this.card.getByTestId("secret-key").innerText()).trim(),
    };
  }
}

/** The question before a page is left with something that would be lost. */
export class Leaving {
  readonly dialog: Locator;
  readonly stay: Locator;
  readonly leave: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole("dialog", { name: /^(Leave without the secret key|Discard your changes)\?$/ });
    this.stay = this.dialog.getByRole("button", { name: /^(Stay|Keep editing)$/ });
    this.leave = this.dialog.getByRole("button", { name: /^(Leave anyway|Discard)$/ });
  }
}
