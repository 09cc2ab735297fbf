import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "@playwright/test";

import { PostgresDatabase } from "./postgres.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** The release build, or the one that the environment names. */
const BINARY = resolve(ROOT, process.env["KEYHOLD_BINARY"] ?? "target/release/keyhold");
const SITE = resolve(ROOT, process.env["KEYHOLD_SITE_ROOT"] ?? "target/site");

/** Matches a secret key anywhere in a text. */
export const SECRET = /khs_[0-9A-Za-z]{49}/g;

/** A running `keyhold serve` with its own folder and a new database, which is in the folder unless a server has it. */
export class Keyhold {
  readonly url: string;
  readonly folder: string;
  /** The secret keys from all answers so far. */
  readonly secrets = new Set<string>();
  /** The process's output so far. */
  log = "";
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #database: PostgresDatabase | undefined;

  private constructor(url: string, folder: string, process: ChildProcess, database?: PostgresDatabase) {
    this.url = url;
    this.folder = folder;
    this.#process = process;
    this.#database = database;
    process.stdout?.on("data", (text) => (this.log += text));
    process.stderr?.on("data", (text) => (this.log += text));
    this.#ended = new Promise((done) => process.once("exit", done));
  }

  /** `server` is the address of a PostgreSQL server; without one, the database is a file. */
  static async start(args: string[] = [], settings: Record<string, string> = {}, server?: string, binary = BINARY): Promise<Keyhold> {
    const folder = mkdtempSync(join(tmpdir(), "keyhold-"));
    const database = server === undefined ? undefined : await PostgresDatabase.create(server);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const child = spawn(binary, ["serve", ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        KEYHOLD_LISTEN: `127.0.0.1:${port}`,
        KEYHOLD_BASE_URL: url,
        KEYHOLD_DATABASE_URL: database?.url ?? `sqlite://${join(folder, "keyhold.db")}`,
        KEYHOLD_PEPPER_FILE: join(folder, "pepper"),
        KEYHOLD_SITE_ROOT: SITE,
        // Mails about manually expired keys leave at once.
        KEYHOLD_NOTICE_WAIT: "0",
        // Lets each test choose its network, so that tests do not use up each other's attempts.
        KEYHOLD_TRUSTED_PROXIES: "127.0.0.1/32",
        ...settings,
      },
    });
    const keyhold = new Keyhold(url, folder, child, database);
    await keyhold.#ready();
    return keyhold;
  }

  /** Starts another node on the database of this one. */
  async another(settings: Record<string, string>): Promise<Keyhold> {
    const shared = { KEYHOLD_DATABASE_URL: this.#database!.url, KEYHOLD_PEPPER_FILE: join(this.folder, "pepper") };
    return Keyhold.start([], { ...shared, ...settings });
  }

  /** Stops another node on the database of this one until it is thawed. In its write turn it would delay all changes. */
  async freezeOutOfTurn(other: Keyhold): Promise<void> {
    do {
      other.thaw();
      await this.#database!.turnIsFree();
      other.freeze();
    } while (!(await this.#database!.turnIsFree()));
  }

  /** Stops the process in the middle of whatever it does, until `thaw`. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
  }

  async #ready(): Promise<void> {
    let failure: Error | undefined;
    this.#process.once("error", (error) => (failure = error));
    await expect
      .poll(
        () => {
          if (failure) throw failure;
          if (this.#process.exitCode !== null) throw new Error(`keyhold exited at once:\n${this.log}`);
          return fetch(`${this.url}/healthz`).then((answer) => answer.status, () => 0);
        },
        { message: "keyhold is to answer /healthz", timeout: 20_000, intervals: [50] },
      )
      .toBe(200);
  }

  /** Stops the process as a service manager would, and returns its exit code. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null) this.#process.kill("SIGTERM");
    return this.#ended;
  }

  async remove(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await this.#database?.drop();
  }

  /** The database, the files (journals, mails) and logs that contain a secret in clear text. */
  async leaks(): Promise<string[]> {
    const places = files(this.folder).map((file): [string, string] => [file, readFileSync(file, "latin1")]);
    places.push(["the log", this.log]);
    if (this.#database) places.push(["the database", await this.#database.text()]);
    return places.flatMap(([place, text]) => {
      const known = [...this.secrets].filter((secret) => text.includes(secret));
      const looksLikeOne = text.match(SECRET) ?? [];
      return known.length + looksLikeOne.length > 0 ? [place] : [];
    });
  }

  /** Calls an endpoint as a program does, without a browser. */
  async ask(headers: Record<string, string>, path = "/verify"): Promise<Answer> {
    const response = await fetch(this.url + path, { headers, redirect: "manual" });
    const text = await response.text();
    const problem = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
    return { status: response.status, code: problem?.code, body: problem, headers: response.headers };
  }

  /** Calls `/verify` with a pair of credentials. */
  async verify(key: Pair): Promise<Answer> {
    return this.ask({ authorization: basic(key) });
  }

  /** Calls `/verify` through a proxy, as a program from `address`, and returns the status. */
  async call(key: Pair, address: string, agent: string): Promise<number> {
    const headers = { authorization: basic(key), "x-forwarded-for": address, "user-agent": agent };
    return (await this.ask(headers)).status;
  }
}

export interface Pair {
  access_key: string;
  secret_key: string;
}

export interface Answer {
  status: number;
  /** The code of a problem document. */
  code?: string;
  body?: Record<string, unknown>;
  headers: Headers;
}

export function basic(key: Pair): string {
  return `Basic ${Buffer.from(`${key.access_key}:${key.secret_key}`).toString("base64")}`;
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((entry) => join(folder, entry))
    .filter((file) => statSync(file).isFile());
}

// Systems take the ports of outgoing connections from 32768 on (Linux) or later. One of those may be gone before its server
// starts, again or at all: the browser connects all the time.
const FIRST_PORT = 12_000;
const PORTS = 20_000;
let lastPort = Math.floor(Math.random() * PORTS);

/** Returns a port of loopback where nothing listens, each time another. */
export async function freePort(): Promise<number> {
  for (;;) {
    lastPort = (lastPort + 1) % PORTS;
    // Another call may go on while this one waits.
    const port = FIRST_PORT + lastPort;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => done(true)));
  });
}
