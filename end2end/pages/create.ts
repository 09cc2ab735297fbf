import type { Locator, Page } from "@playwright/test";

import { Expiration, Frame, IssuedCard } from "./frame.ts";

export class CreatePage extends Frame {
  readonly path = "/preferences/api-control/new";
  readonly name: Locator;
  readonly description: Locator;
  readonly expiration: Expiration;
  readonly submit: Locator;
  readonly issued: IssuedCard;

  constructor(page: Page) {
    super(page);
    this.name = page.getByLabel("Name", { exact: true });
    this.description = page.getByLabel("Description");
    this.expiration = new Expiration(page.locator("main"));
    this.submit = page.getByRole("button", { name: "Create key" });
    this.issued = new IssuedCard(page);
  }
}
