// Where things are: what was built, and the folder of this run, which goes when the run ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..");
/** The release build, unless another one is to be measured. */
export const BINARY = resolve(ROOT, process.env.KEYHOLD_BINARY ?? "target/release/keyhold");
export const SITE = resolve(ROOT, process.env.KEYHOLD_SITE_ROOT ?? "target/site");
export const CONSTANT = join(ROOT, "target/bench/release/constant");

// Where Debian keeps nginx, and not everybody looks.
process.env.PATH += ":/usr/sbin";

const RUN = mkdtempSync(join(tmpdir(), "keyhold-bench-"));
process.on("exit", () => rmSync(RUN, { recursive: true, force: true }));

/** A new folder under that of this run. */
export function folder(name) {
  return mkdtempSync(join(RUN, `${name}-`));
}
