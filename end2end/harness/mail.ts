import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { expect } from "@playwright/test";
import PostalMime, { type Email } from "postal-mime";

import type { Keyhold } from "./keyhold.ts";

/** The mail folder of a Keyhold without a mail server. */
export class Mailbox {
  readonly #folder: string;

  constructor(keyhold: Keyhold) {
    this.#folder = join(keyhold.folder, "data", "mail");
  }

  /** The mails to an address with a matching subject, oldest first. */
  async to(address: string, subject: RegExp): Promise<Email[]> {
    if (!existsSync(this.#folder)) return [];
    const names = readdirSync(this.#folder).filter((name) => name.endsWith(".eml"));
    const files = names.map((name) => join(this.#folder, name));
    // File names contain the second, which several mails can share.
    const written = new Map(files.map((file) => [file, statSync(file).mtimeMs]));
    files.sort((one, other) => written.get(one)! - written.get(other)!);
    const mails = await Promise.all(files.map((file) => PostalMime.parse(readFileSync(file))));
    return mails.filter((mail) => mail.to?.[0]?.address === address && subject.test(mail.subject ?? ""));
  }

  /** Waits for `count` such mails, and returns the last. */
  async wait(address: string, subject: RegExp, count = 1): Promise<Email> {
    let last: Email | undefined;
    await expect
      .poll(
        async () => {
          const mails = await this.to(address, subject);
          last = mails.at(-1);
          return mails.length;
        },
        { message: `mails to ${address} about ${subject}`, intervals: [100] },
      )
      .toBe(count);
    return last!;
  }
}

/** The first link to a page in a mail's text, as path and query. */
export function linkTo(mail: Email, page: string): string {
  const found = mail.text?.match(new RegExp(`https?://[^/\\s]+(/${page}\\S*)`))?.[1];
  if (!found) throw new Error(`no link to ${page} in:\n${mail.text}`);
  // Both parts of the mail must have the same link.
  expect(mail.html?.replaceAll("&amp;", "&")).toContain(found);
  return found;
}
