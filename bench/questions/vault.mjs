// The vault's own benches, by cargo: the decision alone, and the sweep.

import { SERVER } from "../machine.mjs";
import { ROOT } from "../places.mjs";
import { output } from "../programs.mjs";
import { atMost } from "../report.mjs";

export const title = "The vault by itself";

export async function measure() {
  const decision = await bench("decision");
  const sweep = await bench("sweep");
  const times = decision.split("\n").map(microseconds).filter((time) => time !== undefined);
  if (times.length === 0) throw new Error(`no time in what the bench of the decision printed:\n${decision}`);
  return {
    columns: [],
    rows: [],
    after: [decision, sweep].map((text) => `\`\`\`text\n${text}\n\`\`\``),
    targets: [atMost("the decision alone, its slowest case", Math.max(...times), 2, (time) => `${time.toFixed(2)} µs`)],
  };
}

/** Builds on every processor, and then runs where the servers do. */
async function bench(name) {
  const args = ["bench", "--locked", "--package", "vault", "--bench", name];
  await output("cargo", [...args, "--no-run"], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const text = await output("taskset", ["--cpu-list", SERVER, "cargo", ...args], { cwd: ROOT });
  return text.replace(/^\s*\n/gm, "").trimEnd();
}

const MICROSECONDS = { ps: 1e-6, ns: 1e-3, µs: 1, us: 1, ms: 1e3, s: 1e6 };

/** The time of a line: its only one, the middle of criterion's three, or the median, third of divan's four. */
function microseconds(line) {
  const times = [...line.matchAll(/([\d.]+) ?(ps|ns|µs|us|ms|s)\b/g)];
  const place = { 1: 0, 3: 1, 4: 2 }[times.length];
  return place === undefined ? undefined : Number(times[place][1]) * MICROSECONDS[times[place][2]];
}
