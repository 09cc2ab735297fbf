// The machine under the benchmark, and the division of its processors between client and server.

import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join, resolve } from "node:path";

import { BINARY, ROOT } from "./paths.mjs";
import { output } from "./programs.mjs";

/** The processors that this process may use; in a container they need not start at 0. */
function allowed() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

const [first, ...others] = allowed();

/** For measurements that do not compare servers. */
export const ALL = [first, ...others].join(",");
/** wrk's processor. */
export const CLIENT = String(first);
/** The measured server's processors. With a single processor, client and server share it. */
export const SERVER = others.length > 0 ? others.join(",") : CLIENT;
export const SERVERS = Math.max(others.length, 1);

/** The load before this run: the share that other programs may take from the measured ones. */
const BUSY = loadavg()[0];

/** Describes the machine and the versions, as rows of name and value. */
export async function describe() {
  const version = async (command, ...args) => {
    const printed = await output(command, args, { any: true }).catch((error) => `missing: ${error.message}`);
    return printed.trim().split("\n")[0];
  };
  const commit = await version("git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*");
  const axum = /name = "axum"\nversion = "(.*)"/.exec(read("bench/constant/Cargo.lock"))?.[1];
  const peer = ["better-auth", "@better-auth/api-key", "better-sqlite3"];
  return [
    ["processor", `${cpus()[0].model.trim()}, ${1 + others.length} cores`],
    ["load before the run", BUSY.toFixed(2)],
    ["memory", `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ["system", `${/^PRETTY_NAME="(.*)"/m.exec(read("/etc/os-release"))?.[1] ?? "Linux"}, kernel ${release()}`],
    ["Keyhold", `${await version(BINARY, "--version")}, commit ${commit}`],
    ["Rust", await version("rustc", "--version")],
    ["axum", axum ?? "missing"],
    ["nginx", (await version("nginx", "-v")).replace(/.*nginx\//, "")],
    ["wrk", /\d[^ ]*/.exec(await version("dpkg-query", "--show", "wrk"))?.[0] ?? "unknown"],
    ["Node", process.version],
    ["better-auth", peer.map((name) => `${name} ${npm("bench/peer", name)}`).join(", ")],
    ["Lighthouse", npm("bench", "lighthouse")],
  ];
}

function npm(folder, name) {
  const text = read(join(folder, "node_modules", name, "package.json"));
  return text === "" ? "missing" : JSON.parse(text).version;
}

function read(file) {
  try {
    return readFileSync(resolve(ROOT, file), "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}
