// Keyhold as it is measured: the release build with a database of its own, called as pages and programs call it.

import { join } from "node:path";

import { SERVER } from "./machine.mjs";
import { BINARY, folder, SITE } from "./places.mjs";
import { freePort, Server } from "./programs.mjs";

const PASSWORD = "correct horse battery staple";

export class Keyhold extends Server {
  #cookie = "";

  /** In a folder that may have a database already; on the server's processors unless told otherwise. */
  static async start({ home = folder("keyhold"), args = [], processors = SERVER, log = "info" } = {}) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const keyhold = new Keyhold(processors, BINARY, ["serve", ...args], {
      cwd: home,
      env: {
        PATH: process.env.PATH,
        KEYHOLD_LISTEN: `127.0.0.1:${port}`,
        KEYHOLD_BASE_URL: url,
        KEYHOLD_DATABASE_URL: `sqlite://${join(home, "keyhold.db")}`,
        KEYHOLD_PEPPER_FILE: join(home, "pepper"),
        KEYHOLD_SITE_ROOT: SITE,
        RUST_LOG: log,
      },
    });
    keyhold.url = url;
    keyhold.home = home;
    keyhold.database = join(home, "keyhold.db");
    /** Milliseconds from the start to the first good answer of `/healthz`. */
    keyhold.ready = await keyhold.answers(`${url}/healthz`);
    return keyhold;
  }

  /** Calls a server function, with the session that an earlier one began. */
  async call(path, form) {
    const answer = await fetch(`${this.url}/fn/${path}`, {
      method: "POST",
      body: new URLSearchParams(form),
      headers: { accept: "application/json", origin: this.url, ...this.session() },
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`/fn/${path} answered ${answer.status}: ${text}`);
    const [cookie] = answer.headers.getSetCookie();
    if (cookie) this.#cookie = cookie.split(";")[0];
    return JSON.parse(text);
  }

  /** The header that says who is signed in. */
  session() {
    return this.#cookie === "" ? {} : { cookie: this.#cookie };
  }

  /** An account and its default key. */
  signUp(name = "ada") {
    return this.call("account/sign-up", { email: `${name}@example.com`, password: PASSWORD, time_zone: "UTC" });
  }

  createKey(name) {
    return this.call("keys/create", { name, description: "", expiry: "90d" });
  }

  expireKey(key) {
    return this.call("keys/expire", { access_key: key.access_key });
  }

  /** What to measure: `/verify` with these credentials and the status that they must get. */
  verify(name, status, credentials) {
    return { name, server: this, url: `${this.url}/verify`, headers: { authorization: credentials }, status };
  }
}

export function basic({ access_key, secret_key }) {
  return `Basic ${Buffer.from(`${access_key}:${secret_key}`).toString("base64")}`;
}
