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

/** The control for a key's expiration. */
export class Expiration {
  readonly group: Locator;
  readonly date: Locator;
  readonly dateTime: Locator;

  constructor(within: Locator) {
    this.group = within.getByRole("radiogroup", { name: "Expiration" });
    this.date = this.group.getByLabel("Date", { exact: true });
    this.dateTime = this.group.getByLabel("Date and time", { exact: true });
  }

  choice(value: string): Locator {
    return this.group.locator(`input[type=radio][value="${value}"]`);
  }

  /** Sets an expiration in the forms' grammar: a preset, `never`, a day, or a day with a time. */
  async choose(expiry: string): Promise<void> {
    if (/^\d{4}-\d\d-\d\dT/.test(expiry)) {
      await this.choice("datetime").check();
      await this.dateTime.fill(expiry);
    } else if (/^\d{4}-/.test(expiry)) {
      await this.choice("date").check();
      await this.date.fill(expiry);
    } else {
      await this.choice(expiry).check();
    }
  }
}

/** The control for a key's expiration where there is little room: one select, and a field beside it for a date. */
export class ExpirySelect {
  readonly select: Locator;
  readonly date: Locator;
  readonly dateTime: Locator;
  /** The resulting instant, or what is wrong. */
  readonly line: Locator;

  constructor(within: Locator) {
    this.select = within.getByRole("combobox", { name: "New expiration" });
    this.date = within.getByLabel("Date", { exact: true });
    this.dateTime = within.getByLabel("Date and time", { exact: true });
    this.line = within.locator(".expiry .help");
  }

  /** Sets an expiration in the forms' grammar: a preset, `never`, a day, or a day with a time. */
  async choose(expiry: string): Promise<void> {
    if (/^\d{4}-\d\d-\d\dT/.test(expiry)) {
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

  constructor(page: Page) {
    this.card = page.getByTestId("issued-key");
    this.copySecret = this.card.getByRole("button", { name: /^(Copy|Copied)\s+secret key$/ });
  }

  async read(): Promise<{ access_key: string; secret_key: string }> {
    return {
      access_key: (await this.card.getByTestId("access-key").innerText()).trim(),
      secret_key: (await this.card.getByTestId("secret-key").innerText()).trim(),
    };
  }
}
