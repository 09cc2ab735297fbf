// Starts programs and ensures that none outlives the run: each leads a process group, which is killed at the end.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const running = new Set();

process.on("exit", stopAll);
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => process.exit(1));

/** Kills the programs that a failed measurement left running. */
export function stopAll() {
  running.forEach((child) => signal(child, "SIGKILL"));
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function start(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });
  const ended = new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code, by) => done(by ?? code));
  });
  if (child.pid !== undefined) running.add(child);
  const gone = () => running.delete(child);
  ended.then(gone, gone);
  return { child, ended };
}

/** Runs a program to success and returns its standard output, with `any` its standard error too. */
export async function output(command, args, { any = false, ...options } = {}) {
  const { child, ended } = start(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let [text, errors] = ["", ""];
  child.stdout.on("data", (data) => (text += data));
  child.stderr.on("data", (data) => (errors += data));
  const code = await ended;
  if (code !== 0) {
    throw new Error(`${command} ended with ${code}: ${errors.trim().split("\n").slice(-3).join(" | ")}`);
  }
  return any ? text + errors : text;
}

/** A server that runs until it is stopped, on the processors named. */
export class Server {
  /** Its output so far. */
  log = "";
  #child;
  #ended;
  #failure;

  constructor(processors, command, args, options = {}) {
    const { child, ended } = start("taskset", ["--cpu-list", processors, command, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
    this.begun = performance.now();
    this.name = command;
    this.#child = child;
    this.#ended = ended;
    ended.then(
      (code) => (this.#failure = new Error(`${command} ended with ${code}: ${this.log.trim().slice(-500)}`)),
      (error) => (this.#failure = error),
    );
    child.stdout.on("data", (data) => (this.log += data));
    child.stderr.on("data", (data) => (this.log += data));
  }

  /** Waits for `probe` to return a truthy value, and returns it. */
  async until(probe, seconds = 30) {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      if (this.#failure) throw this.#failure;
      const found = await probe(this);
      if (found) return found;
      if (performance.now() > deadline) throw new Error(`${this.name} was not ready within ${seconds} s`);
      await pause(2);
    }
  }

  /** Waits until `url` answers `status`, and returns the milliseconds since the start. */
  async answers(url, status = 200) {
    await this.until(() => fetch(url).then((answer) => answer.status === status, () => false));
    return performance.now() - this.begun;
  }

  /** Memory in bytes, from the kernel: `VmRSS` is the present size, `VmHWM` the largest so far. */
  memory(field) {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(status)[1]) * 1024;
  }

  /** Processor time used so far, in seconds. */
  cpu() {
    // Fields after the name, which may contain anything: the 12th and 13th are user and system time, in hundredths.
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async stop() {
    if (this.#failure) return;
    signal(this.#child, "SIGTERM");
    await this.#ended;
  }
}

export function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
