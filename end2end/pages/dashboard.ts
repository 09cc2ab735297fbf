import type { Locator, Page } from "@playwright/test";

import { Frame } from "./frame.ts";

export class Dashboard extends Frame {
  readonly path = "/";
  readonly banner: Locator;
  readonly calls: Locator;

  constructor(page: Page) {
    super(page);
    this.banner = page.getByTestId("expiry-banner");
    this.calls = page.getByRole("region", { name: "Calls, last 14 days" });
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
}
