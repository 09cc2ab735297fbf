// What it is measured on, and which of its processors take which part.

import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join, resolve } from "node:path";

import { BINARY, ROOT } from "./places.mjs";
import { output } from "./programs.mjs";

/** The processors that this process may use: in a container they need not begin at 0. */
function allowed() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, place) => first + place);
  });
}

const [first, ...others] = allowed();

/** For what is not a race between servers. */
export const ALL = [first, ...others].join(",");
/** Where wrk runs. */
export const CLIENT = String(first);
/** Where the server runs that is measured, whichever it is. With one processor they share it. */
export const SERVER = others.length > 0 ? others.join(",") : CLIENT;
export const SERVERS = Math.max(others.length, 1);

/** How busy it was before this run, which is as much as others took from what is measured. */
const BUSY = loadavg()[0];

/** Rows of name and value. */
export async function describe() {
  const version = async (command, ...args) => {
    const said = await output(command, args, { any: true }).catch((error) => `missing: ${error.message}`);
    return said.trim().split("\n")[0];
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
