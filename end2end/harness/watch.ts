import type { BrowserContext, ConsoleMessage, Dialog, Request, Response } from "@playwright/test";

import { type Keyhold, SECRET } from "./keyhold.ts";

/** The two functions whose answers may contain a secret key. */
const ISSUING = ["/fn/account/sign-up", "/fn/keys/create"];

/**
 * Monitors every test. Events that are forbidden on every page go into `faults`: an error in the console (the
 * content security policy reports violations there), an exception, an unexpected dialog, an answer with 5xx, a
 * request to another host, or a secret in an answer that must not contain one.
 */
export class Watch {
  readonly faults: string[] = [];
  readonly #keyhold: Keyhold;
  readonly #logged: number;
  readonly #allowed: RegExp[] = [];
  readonly #reading: Promise<void>[] = [];
  #answer: ((dialog: Dialog) => Promise<void>) | undefined;

  constructor(context: BrowserContext, keyhold: Keyhold) {
    this.#keyhold = keyhold;
    this.#logged = keyhold.log.length;
    context.on("console", (message) => this.#console(message));
    context.on("weberror", (error) => this.faults.push(`exception: ${error.error()}`));
    context.on("dialog", (dialog) => void this.#dialog(dialog));
    context.on("request", (request) => this.#request(request, keyhold));
    // The body of an answer can be gone if the page has already navigated on.
    context.on("response", (response) => this.#reading.push(this.#response(response, keyhold).catch(() => {})));
  }

  /** Allows a fault that the test provokes. Chromium logs a rejected form post as an error, for example. */
  allow(fault: RegExp): void {
    this.#allowed.push(fault);
  }

  /** Handles dialogs from now on; without a handler, a dialog is a fault. */
  answerDialogs(answer: (dialog: Dialog) => Promise<void>): void {
    this.#answer = answer;
  }

  /** The server's output since the test began. */
  log(): string {
    return this.#keyhold.log.slice(this.#logged);
  }

  async finish(): Promise<string[]> {
    await Promise.all(this.#reading);
    if (this.log().includes("panicked")) this.faults.push("the server panicked");
    return this.faults.filter((fault) => !this.#allowed.some((allowed) => allowed.test(fault)));
  }

  #console(message: ConsoleMessage): void {
    if (message.type() === "error" || message.type() === "warning") {
      this.faults.push(`console: ${message.text()} (${message.location().url})`);
    }
  }

  async #dialog(dialog: Dialog): Promise<void> {
    if (this.#answer) return this.#answer(dialog);
    this.faults.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  }

  #request(request: Request, keyhold: Keyhold): void {
    const url = request.url();
    if (!url.startsWith(`${keyhold.url}/`) && !/^(data|blob|about):/.test(url)) this.faults.push(`elsewhere: ${url}`);
    if (url.match(SECRET)) this.faults.push(`secret in the address: ${url}`);
  }

  async #response(response: Response, keyhold: Keyhold): Promise<void> {
    const request = response.request();
    const path = new URL(response.url()).pathname;
    if (response.status() >= 500) this.faults.push(`${response.status()}: ${request.method()} ${path}`);
    if (!/html|json/.test((await response.headerValue("content-type")) ?? "")) return;
    const text = await response.text();
    for (const secret of new Set(text.match(SECRET) ?? [])) {
      const known = keyhold.secrets.has(secret);
      keyhold.secrets.add(secret);
      const issuing = request.method() === "POST" && ISSUING.includes(path);
      if (!issuing || known) this.faults.push(`secret in ${request.method()} ${path}`);
    }
  }
}
