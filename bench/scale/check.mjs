// The self-check of the simulation: what must hold whatever the parameters are, and one case that is computed on paper.

import { MACHINE, REGION } from "./assumptions.mjs";
import { Cluster, quantile } from "./cluster.mjs";

/** Every delay constant, no processor time: the sum of one path. */
const CONSTANT = {
  ...REGION,
  ...{ readLog: 0, renew: 0, notify: 0, look: 0, lookRow: 0, signal: 0, receive: 0, change: 0, flushProcessor: 0 },
  flush: 3,
  standby: 2,
  delays: { network: 1, scheduling: 0 },
  applyMs: 0,
  parseRowMs: 0,
};

/** Returns the sentences that do not hold. */
export function check() {
  const failed = [];
  const expect = (holds, sentence) => holds || failed.push(sentence);

  // Seven statements of 2 ms, a commit of 5; then the round of the only node: read 2, renew and notify 2 + 5, look 2.
  const one = new Cluster({ nodes: 1 }, CONSTANT, 1).run({ count: 20, everyMs: 2_000 });
  const path = 7 * 2 + 5 + 2 + (2 + 5) + 2;
  const median = quantile(one.whole(), 0.5);
  expect(Math.abs(median - path) < 1e-6, `one node takes ${path} ms, and the simulation says ${median}`);

  const run = (seed) => new Cluster({ nodes: 10 }, REGION, seed).run({ count: 200, everyMs: 500 });
  const [first, again, other] = [run(7), run(7), run(8)].map((cluster) => cluster.whole().join());
  expect(first === again, "a seed gives one result");
  expect(first !== other, "another seed gives another result");

  const medians = [1, 10, 100].map((nodes) => {
    const cluster = new Cluster({ nodes }, REGION, 1).run({ count: 100, everyMs: 1_000 });
    expect(cluster.complete, `every change is acknowledged with ${nodes} nodes`);
    expect(cluster.violations === 0, `no acknowledged change is unknown to a node that verifies, of ${nodes}`);
    return quantile(cluster.whole(), 0.5);
  });
  expect(medians[0] < medians[1] && medians[1] < medians[2], `more nodes take longer: ${medians.join(", ")}`);

  expect(medians[2] < 100, `notifications bring a change sooner than a poll: ${medians[2]}`);

  const silent = new Cluster({ nodes: 10, hints: false }, REGION, 1).run({ count: 100, everyMs: 1_000 });
  const slowest = silent.whole().at(-1);
  expect(slowest > 250 && slowest < 1_000, `without notifications a change takes two polls: ${slowest}`);

  const cut = new Cluster({ nodes: 3, suspects: [2] }, MACHINE, 1).run({ count: 200, everyMs: 200, cutAt: 1_000 });
  const longest = cut.waits().at(-1);
  expect(
    cut.complete && cut.violations === 0,
    "a node that is cut off verifies with no state before an acknowledged change",
  );
  expect(
    longest > 25_000 && longest <= 31_000,
    `a node that is cut off delays a change by a lease at most: ${longest}`,
  );

  // The proof needs the wait: without the lease's end the check for violations must find some.
  const early = new Cluster({ nodes: 3, suspects: [2], faultyWait: true }, MACHINE, 1).run({
    count: 50,
    everyMs: 200,
    cutAt: 1_000,
  });
  expect(early.violations > 0, "the check for violations finds a change that is acknowledged too early");
  return failed;
}
