// One measurement: wrk with one thread against one server, after a second of warm-up, with the answers checked; and
// medians of several.

import { CLIENT } from "./machine.mjs";
import { output } from "./programs.mjs";

/** Length of each run. Shorter runs are for quick checks. */
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const WARM_UP = Math.min(SECONDS, 1);

/**
 * Measures one target: `url`, `headers`, the expected `status`, and optionally a wrk `script` with its `args` that makes
 * the requests.
 */
export async function run(target, connections) {
  await check(target);
  await wrk(target, connections, WARM_UP);
  const before = target.server?.cpu();
  const text = await wrk(target, connections, SECONDS);
  const after = target.server?.cpu();

  const requests = Number(/(\d+) requests in/.exec(text)[1]);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const errors = /Socket errors: .*/.exec(text)?.[0];
  if (errors) throw new Error(`${target.name}: ${errors}`);
  if (refused !== (target.status < 400 ? 0 : requests)) {
    throw new Error(`${target.name}: ${refused} of ${requests} answers were rejections`);
  }
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    p50: percentile(text, 50),
    p99: percentile(text, 99),
    cpu: after === undefined ? undefined : ((after - before) / requests) * 1e6,
  };
}

/** Runs each target several times, alternating, so that other load on the machine affects all of them. */
export async function alternate(targets, connections, rounds) {
  const runs = targets.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, target] of targets.entries()) {
      const result = await run(target, connections);
      runs[index].push(result);
      console.error(
        `  ${target.name}, ${connections} connections: ${Math.round(result.rate)}/s, p99 ${result.p99.toFixed(2)} ms`,
      );
    }
  }
  return runs.map(medians);
}

/**
 * Measures two targets in turn, in the other order every other time, and returns the medians of each and of the ratios of
 * the second to the first within a pair: what changes from pair to pair affects both.
 */
export async function paired(targets, connections, pairs) {
  const runs = targets.map(() => []);
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? [0, 1] : [1, 0];
    for (const index of order) runs[index].push(await run(targets[index], connections));
    const [first, second] = runs.map((each) => each.at(-1));
    console.error(`  pair ${pair + 1}: ${Math.round(first.rate)}/s and ${Math.round(second.rate)}/s`);
  }
  const of = (field) => median(runs[1].map((result, pair) => result[field] / runs[0][pair][field]));
  return { results: runs.map(medians), ratios: { rate: of("rate"), p99: of("p99") } };
}

function medians(results) {
  return {
    rate: median(results.map((result) => result.rate)),
    p50: median(results.map((result) => result.p50)),
    p99: median(results.map((result) => result.p99)),
    cpu: median(results.map((result) => result.cpu)),
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function check({ name, url, headers = {}, status, probe = headers }) {
  const answer = await fetch(url, { headers: probe });
  await answer.arrayBuffer();
  if (answer.status !== status) throw new Error(`${name} answered ${answer.status} instead of ${status}`);
}

function wrk({ url, headers = {}, script, args = [] }, connections, seconds) {
  const sent = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  const made = script ? ["--script", script] : [];
  return output("taskset", [
    "--cpu-list", CLIENT, "wrk", "--latency", "--threads", "1", "--connections", String(connections),
    "--duration", `${seconds}s`, "--timeout", "10s", ...sent, ...made, url, ...(args.length > 0 ? ["--", ...args] : []),
  ]);
}

const MILLISECONDS = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function percentile(text, percent) {
  const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)`, "m").exec(text);
  return Number(value) * MILLISECONDS[unit];
}
