// The vault's own benches, by cargo: the decision alone, and the sweep.

import { SERVER } from "../machine.mjs";
import { ROOT } from "../places.mjs";
import { output } from "../programs.mjs";
import { atMost, microseconds } from "../report.mjs";

export const title = "The vault by itself";

export async function measure() {
  const decision = await bench("decision");
  const sweep = await bench("sweep");
  const times = medians(decision);
  if (times.length === 0) throw new Error(`no time in what the bench of the decision printed: ${decision}`);
  return {
    columns: [],
    rows: [],
    after: [decision, sweep].map((text) => `\`\`\`text\n${text}\n\`\`\``),
    targets: [atMost("the decision alone, its slowest case", Math.max(...times), 2, microseconds)],
  };
}

/** What a bench prints, run where the servers run; build/bench-tools.sh has built it, on every processor. */
async function bench(name) {
  const cargo = ["cargo", "bench", "--locked", "--package", "vault", "--bench", name];
  const text = await output("taskset", ["--cpu-list", SERVER, ...cargo], { cwd: ROOT });
  return text.replace(/^\s*\n/gm, "").trimEnd();
}

const MICROSECONDS = { ps: 1e-6, ns: 1e-3, µs: 1, us: 1, ms: 1e3, s: 1e6 };

/**
 * The times of a table, in microseconds: of its widest lines the only one, the middle of criterion's three, or divan's
 * median, the third of four.
 */
function medians(text) {
  const lines = text.split("\n").map((line) => [...line.matchAll(/([\d.]+) ?(ps|ns|µs|us|ms|s)\b/g)]);
  const widest = Math.max(...lines.map((times) => times.length));
  const place = { 1: 0, 3: 1, 4: 2 }[widest];
  if (place === undefined) return [];
  const median = lines.filter((times) => times.length === widest).map((times) => times[place]);
  return median.map(([, value, unit]) => Number(value) * MICROSECONDS[unit]);
}
