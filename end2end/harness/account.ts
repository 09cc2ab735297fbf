import { type APIRequestContext, expect } from "@playwright/test";

import type { Keyhold, Pair } from "./keyhold.ts";

/** A newly issued key, with its secret. */
export interface Issued extends Pair {
  name: string;
  expires_at: string | null;
}

export const PASSWORD = "correct horse battery staple";

let accounts = 0;

/** An address that is unique to this call. */
export function freshEmail(): string {
  accounts += 1;
  return `ada.${process.pid}.${accounts}@example.com`;
}

/** Calls server functions as the interface does, with the session of a browser context. */
export class Functions {
  readonly #keyhold: Keyhold;
  readonly #request: APIRequestContext;

  constructor(keyhold: Keyhold, request: APIRequestContext) {
    this.#keyhold = keyhold;
    this.#request = request;
  }

  async post(path: string, form: Record<string, string>): Promise<{ status: number; body: any }> {
    const answer = await this.#request.post(`${this.#keyhold.url}/fn/${path}`, {
      form,
      headers: { accept: "application/json", origin: this.#keyhold.url },
      maxRedirects: 0,
    });
    const text = await answer.text();
    return { status: answer.status(), body: text === "" ? undefined : JSON.parse(text) };
  }

  async #done(path: string, form: Record<string, string>): Promise<any> {
    const { status, body } = await this.post(path, form);
    expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200);
    return body;
  }

  async #issued(path: string, form: Record<string, string>): Promise<Issued> {
    const issued: Issued = await this.#done(path, form);
    this.#keyhold.secrets.add(issued.secret_key);
    return issued;
  }

  signUp(email: string, timeZone: string): Promise<Issued> {
    return this.#issued("account/sign-up", { email, password: PASSWORD, time_zone: timeZone });
  }

  createKey(name: string, expiry = "never", description = ""): Promise<Issued> {
    return this.#issued("keys/create", { name, description, expiry });
  }

  async expireKey(key: Pair): Promise<void> {
    await this.#done("keys/expire", { access_key: key.access_key });
  }

  async deleteKey(key: Issued): Promise<void> {
    await this.#done("keys/delete", { access_key: key.access_key, confirm_name: key.name });
  }

  async savePreferences(timeZone: string, warningDays: number): Promise<void> {
    await this.#done("account/preferences", { time_zone: timeZone, warning_days: String(warningDays) });
  }

  showKey(key: Pair): Promise<any> {
    return this.#done("keys/show", { access_key: key.access_key });
  }
}

/** An account that is signed in, in the test's browser. */
export interface Account {
  email: string;
  password: string;
  timeZone: string;
  /** The default key. */
  key: Issued;
}

export async function newAccount(functions: Functions, timeZone: string): Promise<Account> {
  const email = freshEmail();
  return { email, password: PASSWORD, timeZone, key: await functions.signUp(email, timeZone) };
}
