// Paths: the built binaries, and this run's folder, which is removed at the end.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..");
/** The release build, or the one that `KEYHOLD_BINARY` names. */
export const BINARY = resolve(ROOT, process.env.KEYHOLD_BINARY ?? "target/release/keyhold");
export const SITE = resolve(ROOT, process.env.KEYHOLD_SITE_ROOT ?? "target/site");
export const CONSTANT = join(ROOT, "target/bench/release/constant");

// Debian installs nginx here, and not every PATH has it.
process.env.PATH += ":/usr/sbin";

const RUN = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
process.on("exit", () => rmSync(RUN, { recursive: true, force: true }));

/** Creates a folder under this run's. */
export function folder(name) {
  return mkdtempSync(join(RUN, `${name}-`));
}
