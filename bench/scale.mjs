// Simulates many nodes, and writes the tables of docs/scale.md.
//
// `node bench/scale.mjs` checks the simulation, runs it and writes the tables (a minute or two). `check` does only the
// first. `measure` first measures the costs of the SQL on a PostgreSQL of its own, and writes scale/measured.json;
// `sizes` measures only rows of Keyhold's schema. The same seed gives the same tables.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { check } from "./scale/check.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const DOCUMENT = join(ROOT, "docs/scale.md");
const MEASURED = join(ROOT, "bench/scale/measured.json");

const [command, part] = process.argv.slice(2);
if (![undefined, "check", "measure"].includes(command) || ![undefined, "sizes"].includes(part)) {
  console.error("node bench/scale.mjs [check | measure [sizes]]");
  process.exit(2);
}

if (command === "measure") {
  const { measure, measureSizes } = await import("./scale/measure.mjs");
  const measured =
    part === "sizes" ? { ...JSON.parse(readFileSync(MEASURED, "utf8")), sizes: await measureSizes() } : await measure();
  writeFileSync(MEASURED, `${JSON.stringify(measured, null, 2)}\n`);
}

const failed = check();
for (const sentence of failed) console.error(`does not hold: ${sentence}`);
if (failed.length > 0) process.exit(1);
if (command !== "check") {
  const { tables } = await import("./scale/tables.mjs");
  writeFileSync(DOCUMENT, insert(readFileSync(DOCUMENT, "utf8"), tables()));
  console.log("docs/scale.md has been written");
}

/** Replaces the text between the markers of each table. */
function insert(text, all) {
  for (const [name, table] of Object.entries(all)) {
    const [begin, end] = [`<!-- ${name}: written by bench/scale.mjs -->\n`, `\n<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/scale.md has no place for ${name}`);
    text = `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`;
  }
  return text;
}
