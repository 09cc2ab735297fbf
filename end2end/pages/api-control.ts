import type { Locator, Page } from "@playwright/test";

import { Frame } from "./frame.ts";

export class ApiControl extends Frame {
  readonly path = "/preferences/api-control";
  readonly search: Locator;
  readonly rows: Locator;
  readonly create: Locator;
  /** The bar of the actions on the selection. */
  readonly bulk: Locator;
  /** What the action of the bar's open menu would do. */
  readonly outcome: Locator;
  readonly dialog: Locator;
  readonly selectPage: Locator;
  /** The filters that are on, each with a link that removes it. */
  readonly chips: Locator;
  /** The × in the field of the search. */
  readonly clearSearch: Locator;

  constructor(page: Page) {
    super(page);
    this.search = page.getByLabel("Search keys");
    this.rows = page.locator("tbody tr");
    this.create = page.getByRole("link", { name: "Create key" });
    this.bulk = page.locator("#bulk");
    this.outcome = this.bulk.locator("details[open] .outcome");
    this.dialog = page.getByRole("dialog");
    this.selectPage = page.getByRole("checkbox", { name: "Select all keys on this page" });
    this.clearSearch = page.getByRole("link", { name: "Clear the search" });
    this.chips = page.getByRole("list", { name: "Filters" }).getByRole("listitem");
  }

  row(name: string): Locator {
    return this.rows.filter({ has: this.page.getByRole("link", { name, exact: true }) });
  }

  edit(name: string): Locator {
    return this.page.getByRole("link", { name: `Edit ${name}`, exact: true });
  }

  /** The checkbox of a row. */
  select(name: string): Locator {
    return this.page.getByRole("checkbox", { name: `Select ${name}`, exact: true });
  }

  /** The status of a row, with its time. */
  pill(name: string): Locator {
    return this.row(name).locator(".pill");
  }

  /** A link of the status filter, with the number of its keys. */
  filter(status: string): Locator {
    return this.page.getByLabel("Filter by status").getByRole("link", { name: status });
  }

  /** A link in the menu of filters. */
  async show(label: string): Promise<Locator> {
    await this.page.locator(".filter-menu > summary").click();
    return this.page.locator(".filter-menu").getByRole("link", { name: label });
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

  /** Opens a menu of the selection's bar and returns one of its actions. */
  async bulkAction(menu: string, action: string): Promise<Locator> {
    await this.bulk.locator("summary", { hasText: menu }).click();
    return this.bulk.getByRole("button", { name: action, exact: true });
  }
}
