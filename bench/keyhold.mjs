// The Keyhold under test: the release build with its own database, called as pages and programs call it.

import { join } from "node:path";

import { SERVER } from "./machine.mjs";
import { BINARY, folder, SITE } from "./paths.mjs";
import { freePort, Server } from "./programs.mjs";

const PASSWORD = "correct horse battery staple";

export class Keyhold extends Server {
  #cookie = "";

  /**
   * Starts in `home`, which may already have a database, on the server's processors by default. `database` is the address
   * of another one.
   */
  static async start({ home = folder("keyhold"), args = [], processors = SERVER, log = "info", database } = {}) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const keyhold = new Keyhold(processors, BINARY, ["serve", ...args], {
      cwd: home,
      env: {
        PATH: process.env.PATH,
        KEYHOLD_LISTEN: `127.0.0.1:${port}`,
        KEYHOLD_BASE_URL: url,
        KEYHOLD_DATABASE_URL: database ?? `sqlite://${join(home, "keyhold.db")}`,
        KEYHOLD_PEPPER_FILE: join(home, "pepper"),
        KEYHOLD_SITE_ROOT: SITE,
        RUST_LOG: log,
      },
    });
    keyhold.url = url;
    keyhold.home = home;
    keyhold.database = join(home, "keyhold.db");
    /** Milliseconds from the start to the first 200 of `/healthz`. */
    keyhold.ready = await keyhold.answers(`${url}/healthz`);
    return keyhold;
  }

  /** Calls a server function with the session of an earlier sign-up or sign-in. */
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

  /** The session's cookie header. */
  session() {
    return this.#cookie === "" ? {} : { cookie: this.#cookie };
  }

  /** Creates an account and returns its default key. */
  signUp(name = "ada") {
    return this.call("account/sign-up", { email: `${name}@example.com`, password: PASSWORD, time_zone: "UTC" });
  }

  createKey(name) {
    return this.call("keys/create", { name, description: "", expiry: "90d" });
  }

  expireKey(key) {
    return this.call("keys/expire", { access_key: key.access_key });
  }

  /** A target for wrk: `/verify` with these credentials, and the status expected for them. */
  verify(name, status, credentials) {
    return { name, server: this, url: `${this.url}/verify`, headers: { authorization: credentials }, status };
  }
}

export function basic({ access_key, secret_key }) {
  return `Basic ${Buffer.from(`${access_key}:${secret_key}`).toString("base64")}`;
}
