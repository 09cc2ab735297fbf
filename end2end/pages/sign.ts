import type { Locator, Page } from "@playwright/test";

import { Frame, IssuedCard, Leaving } from "./frame.ts";

abstract class Credentials extends Frame {
  readonly email: Locator;
  readonly password: Locator;

  constructor(page: Page) {
    super(page);
    this.email = page.getByLabel("Email", { exact: true });
    this.password = page.getByRole("textbox", { name: "Password", exact: true });
  }
}

export class SignUp extends Credentials {
  readonly path = "/sign-up";
  readonly timeZone: Locator;
  readonly submit: Locator;
  readonly issued: IssuedCard;
  readonly goOn: Locator;
  readonly leaving: Leaving;

  constructor(page: Page) {
    super(page);
    this.timeZone = page.getByLabel("Time zone");
    this.submit = page.getByRole("button", { name: "Create account" });
    this.issued = new IssuedCard(page);
    this.leaving = new Leaving(page);
    this.goOn = page.getByRole("link", { name: "Go to Dashboard" });
  }
}

export class SignIn extends Credentials {
  readonly path = "/sign-in";
  readonly submit: Locator;
  readonly alert: Locator;

  constructor(page: Page) {
    super(page);
    this.submit = page.getByRole("button", { name: "Sign in" });
    this.alert = page.getByRole("alert");
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.email.fill(email);
    await this.password.fill(password);
    await this.submit.click();
  }
}
