import type { Locator, Page } from "@playwright/test";

import { Frame } from "./frame.ts";

export class ApiControl extends Frame {
  readonly path = "/preferences/api-control";
  readonly search: Locator;
  readonly rows: Locator;
  readonly create: Locator;

  constructor(page: Page) {
    super(page);
    this.search = page.getByLabel("Search keys");
    this.rows = page.locator("tbody tr");
    this.create = page.getByRole("link", { name: "Create key" });
  }

  row(name: string): Locator {
    return this.rows.filter({ has: this.page.getByRole("link", { name, exact: true }) });
  }

  edit(name: string): Locator {
    return this.page.getByRole("link", { name: `Edit ${name}`, exact: true });
  }

  /** A link of the status filter, with the number of its keys. */
  filter(status: string): Locator {
    return this.page.getByLabel("Filter by status").getByRole("link", { name: status });
  }

  /** A column header. */
  head(column: string): Locator {
    return this.page.getByRole("columnheader", { name: column });
  }

  /** The cell with a key's last use. */
  lastUse(name: string): Locator {
    return this.row(name).locator(".used");
  }

  /** The names of the keys, in table order. */
  names(): Locator {
    return this.rows.getByRole("rowheader").getByRole("link");
  }

  /** Opens a row's menu and returns one of its actions. */
  async action(name: string, action: string): Promise<Locator> {
    await this.row(name).locator("summary").click();
    return this.row(name).getByRole("button", { name: action }).or(this.row(name).getByRole("link", { name: action }));
  }
}
