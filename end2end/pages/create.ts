import type { Locator, Page } from "@playwright/test";

import { ExpirySelect, Frame, IssuedCard, Leaving } from "./frame.ts";

export class CreatePage extends Frame {
  readonly path = "/preferences/api-control/new";
  readonly name: Locator;
  readonly description: Locator;
  readonly expiration: ExpirySelect;
  readonly submit: Locator;
  readonly issued: IssuedCard;
  /** The newest keys, beside the form in a wide window. */
  readonly newest: Locator;
  readonly leaving: Leaving;

  constructor(page: Page) {
    super(page);
    this.name = page.getByLabel("Name", { exact: true });
    this.description = page.getByLabel("Description");
    this.expiration = new ExpirySelect(page.locator("main"), "Expiration");
    this.submit = page.getByRole("button", { name: "Create key" });
    this.issued = new IssuedCard(page);
    this.newest = page.getByRole("region", { name: "Your newest keys" });
    this.leaving = new Leaving(page);
  }
}
