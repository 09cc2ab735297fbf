import type { Locator, Page } from "@playwright/test";

import { Frame } from "./frame.ts";

export class Dashboard extends Frame {
  readonly path = "/";
  readonly banner: Locator;
  readonly steps: Locator;
  readonly ahead: Locator;
  readonly calls: Locator;
  readonly snoozedKeys: Locator;

  constructor(page: Page) {
    super(page);
    this.banner = page.getByTestId("expiry-banner");
    this.steps = page.getByTestId("first-steps");
    this.ahead = page.getByRole("region", { name: "Expirations, next 12 months" });
    this.calls = page.getByRole("region", { name: "Calls, last 14 days" });
    this.snoozedKeys = page.locator("details.snoozed");
  }

  /** A key's line in the banner. */
  warning(name: string): Locator {
    const link = this.page.getByRole("link", { name, exact: true });
    return this.banner.getByRole("listitem").filter({ has: link });
  }

  extend(name: string): Locator {
    return this.warning(name).getByRole("button", { name: /^(Extend|Restore)/ });
  }

  extension(name: string): Locator {
    return this.warning(name).getByRole("combobox");
  }

  /** Snoozes a key by a choice of its menu: "1 day", "1 week", "Until it expires". */
  async snooze(name: string, choice: string): Promise<void> {
    await this.warning(name).locator("summary").click();
    await this.warning(name).getByRole("button", { name: choice }).click();
  }

  undoIn(name: string): Locator {
    return this.warning(name).getByRole("button", { name: "Undo" });
  }

  /** A step of a new account, by its title. */
  step(title: string): Locator {
    return this.steps.getByRole("listitem").filter({ hasText: title });
  }
}
