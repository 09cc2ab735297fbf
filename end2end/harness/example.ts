import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "@playwright/test";

import { freePort, Keyhold } from "./keyhold.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** A company on this machine, as README sets it up: its app and its API from `examples/`, Keyhold, and nginx before the API. */
export class Company {
  /** The app, where customers sign in. */
  readonly app: string;
  /** The gateway, where customers' programs call the API. */
  readonly api: string;
  readonly keyhold: Keyhold;
  /** Those that run. */
  static readonly #opened = new Set<Company>();
  readonly #programs: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "company-"));

  private constructor(app: string, api: string, keyhold: Keyhold) {
    this.app = app;
    this.api = api;
    this.keyhold = keyhold;
  }

  /** `program` is the app's file in `examples/`, `database` the address of a PostgreSQL server. */
  static async open(program: string, database?: string): Promise<Company> {
    const [app, gateway, api] = [await freePort(), await freePort(), await freePort()];
    const here = (port: number) => `http://127.0.0.1:${port}`;
    // The settings of examples/keyhold.toml, with this app's port.
    const settings = join(mkdtempSync(join(tmpdir(), "settings-")), "keyhold.toml");
    const text = readFileSync(join(ROOT, "examples/keyhold.toml"), "utf8");
    writeFileSync(settings, text.replaceAll(":4000", `:${app}`).replaceAll(":8080", `:${gateway}`));
    const keyhold = await Keyhold.start(["--config", settings], {}, database);
    const company = new Company(here(app), here(gateway), keyhold);
    Company.#opened.add(company);
    const token = join(keyhold.folder, "operator-token");
    const run = (file: string, environment: Record<string, string>) => company.#run(file.endsWith(".py") ? "python3" : process.execPath, [join(ROOT, "examples", file)], environment);
    run(program, { PORT: `${app}`, KEYHOLD_URL: keyhold.url, KEYHOLD_TOKEN_FILE: token });
    run("api.py", { PORT: `${api}` });
    company.#nginx({ 8080: gateway, 3000: Number(new URL(keyhold.url).port), 9000: api });
    for (const url of [company.app, company.api, here(api)]) {
      const answers = () => fetch(url, { redirect: "manual" }).then(() => true, () => false);
      await expect.poll(answers, { message: `${url} is to answer`, timeout: 20_000, intervals: [50] }).toBe(true);
    }
    return company;
  }

  /** Starts the configuration of `deploy/nginx` with other ports. */
  #nginx(ports: Record<number, number>): void {
    cpSync(join(ROOT, "deploy/nginx"), this.#folder, { recursive: true });
    for (const file of readdirSync(this.#folder)) {
      const path = join(this.#folder, file);
      const text = readFileSync(path, "utf8");
      writeFileSync(path, text.replace(/127\.0\.0\.1:(8080|3000|9000)/g, (_, port) => `127.0.0.1:${ports[port]}`));
    }
    const nginx = process.env["KEYHOLD_TEST_NGINX"] ?? execFileSync(join(ROOT, "build/nginx.sh"), { encoding: "utf8" }).trim();
    const once = "daemon off; master_process off;";
    this.#run(nginx, ["-p", this.#folder, "-c", join(this.#folder, "nginx.conf"), "-e", "stderr", "-g", once], {});
  }

  #run(program: string, args: string[], environment: Record<string, string>): void {
    const options = { stdio: "inherit", env: { PATH: process.env["PATH"], ...environment } } as const;
    this.#programs.push(spawn(program, args, options));
  }

  /** Calls the management API. */
  async operate(method: string, path: string, body?: object): Promise<any> {
    const token = readFileSync(join(this.keyhold.folder, "operator-token"), "utf8").trim();
    const answer = await fetch(`${this.keyhold.url}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    expect(answer.status, `${method} ${path}: ${text}`).toBeLessThan(300);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Stops what the tests have started, also after one that failed. */
  static async closeAll(): Promise<void> {
    for (const company of Company.#opened) await company.#close();
  }

  async #close(): Promise<void> {
    Company.#opened.delete(this);
    for (const program of this.#programs) program.kill("SIGTERM");
    expect(await this.keyhold.leaks(), "a secret key is in clear text there").toEqual([]);
    expect(await this.keyhold.stop(), this.keyhold.log.slice(-2000)).toBe(0);
    await this.keyhold.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
