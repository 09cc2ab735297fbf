// The vault's own benchmarks, run with cargo: the decision alone, the sweep, and a press on 5,000 keys.

import { SERVER } from "../machine.mjs";
import { ROOT } from "../paths.mjs";
import { output } from "../programs.mjs";
import { atMost, microseconds, milliseconds } from "../report.mjs";

export const title = "The vault by itself";

export async function measure() {
  const decision = await bench("decision");
  const sweep = await bench("sweep");
  const bulk = await bench("bulk");
  const times = medians(decision);
  if (times.length === 0) throw new Error(`no times in the output of the decision benchmark: ${decision}`);
  const presses = [...bulk.matchAll(/([\d.]+) ms$/gm)].map(([, time]) => Number(time));
  if (presses.length === 0) throw new Error(`no times in the output of the bulk benchmark: ${bulk}`);
  return {
    columns: [],
    rows: [],
    after: [decision, sweep, bulk].map((text) => `\`\`\`text\n${text}\n\`\`\``),
    targets: [
      atMost("the decision alone, its slowest case", Math.max(...times), 2, microseconds),
      atMost("a press on 5,000 keys, the slowest", Math.max(...presses), 2000, milliseconds),
    ],
  };
}

/** The output of a benchmark on the servers' processors. build/bench-tools.sh has built it, on all processors. */
async function bench(name) {
  const cargo = ["cargo", "bench", "--locked", "--package", "vault", "--bench", name];
  const text = await output("taskset", ["--cpu-list", SERVER, ...cargo], { cwd: ROOT });
  return text.replace(/^\s*\n/gm, "").trimEnd();
}

const MICROSECONDS = { ps: 1e-6, ns: 1e-3, µs: 1, us: 1, ms: 1e3, s: 1e6 };

/**
 * The times in a table, in microseconds: on its widest lines the only column, the middle one of criterion's three, or
 * divan's median, the third of four.
 */
function medians(text) {
  const lines = text.split("\n").map((line) => [...line.matchAll(/([\d.]+) ?(ps|ns|µs|us|ms|s)\b/g)]);
  const widest = Math.max(...lines.map((times) => times.length));
  const index = { 1: 0, 3: 1, 4: 2 }[widest];
  if (index === undefined) return [];
  const median = lines.filter((times) => times.length === widest).map((times) => times[index]);
  return median.map(([, value, unit]) => Number(value) * MICROSECONDS[unit]);
}
