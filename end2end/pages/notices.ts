import type { Locator, Page } from "@playwright/test";

import { Frame } from "./frame.ts";

/** Preferences → Notices. */
export class NoticesPage extends Frame {
  /** The message on the outcome of a form: the page comes without the module. */
  override readonly toasts: Locator;
  readonly path = "/preferences/notices";
  readonly stages: Locator;
  readonly saveChoice: Locator;
  readonly recipients: Locator;
  readonly address: Locator;
  readonly add: Locator;
  readonly remove: Locator;
  readonly resend: Locator;
  readonly calendarUrl: Locator;
  readonly resetCalendar: Locator;
  readonly failures: Locator;
  /** The mails of the delivery log, newest first. */
  readonly mails: Locator;

  constructor(page: Page) {
    super(page);
    this.toasts = page.locator(".told").getByRole("status");
    const part = (name: string) => page.getByRole("region", { name, exact: true });
    this.stages = part("When we email you");
    this.saveChoice = this.stages.getByRole("button", { name: "Save" });
    this.recipients = part("Recipients");
    this.address = this.recipients.getByLabel("Address");
    this.add = this.recipients.getByRole("button", { name: "Add recipient" });
    this.remove = this.recipients.getByRole("button", { name: "Remove" });
    this.resend = this.recipients.getByRole("button", { name: "Send the link again" });
    this.calendarUrl = page.getByTestId("calendar-url");
    this.resetCalendar = page.getByRole("button", { name: "Reset address" });
    this.failures = page.locator(".note.bad").filter({ hasText: "couldn't be delivered" });
    this.mails = part("Delivery log").locator("tbody tr");
  }

  stage(label: string): Locator {
    return this.stages.getByRole("checkbox", { name: label, exact: true });
  }

  /** The state of an address. */
  recipient(address: string): Locator {
    return this.recipients.locator(".recipient").filter({ hasText: address });
  }

  /** The mails about a key, or of a kind. */
  mail(about: string): Locator {
    return this.mails.filter({ has: this.page.getByRole("rowheader").filter({ hasText: about }) });
  }

  sendAgain(mail: Locator): Locator {
    return mail.getByRole("button", { name: "Send again" });
  }
}

/** The pages behind the links in mails. They come without script. */
export class LinkPage {
  readonly page: Page;
  readonly email: Locator;
  readonly sendLink: Locator;
  readonly newPassword: Locator;
  readonly setPassword: Locator;
  readonly confirm: Locator;
  readonly gone: Locator;

  constructor(page: Page) {
    this.page = page;
    this.email = page.getByLabel("Email", { exact: true });
    this.sendLink = page.getByRole("button", { name: "Send link" });
    this.newPassword = page.getByRole("textbox", { name: "New password" });
    this.setPassword = page.getByRole("button", { name: "Set new password" });
    this.confirm = page.getByRole("button", { name: /^(Confirm this address|Receive the notices)$/ });
    this.gone = page.getByRole("heading", { level: 1, name: "This link no longer works" });
  }
}
