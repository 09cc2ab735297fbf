// The scenarios, and their results as the tables of docs/scale.md.

import { existsSync, readFileSync } from "node:fs";

import { table } from "../report.mjs";
import { ASSUMED, FAR, MACHINE, measured, REGION, STARVED } from "./assumptions.mjs";
import { Cluster, quantile } from "./cluster.mjs";

const SEED = 1989;
const NODES = [1, 3, 10, 100, 1000];

/** Written by cluster/faults.py, which starts real nodes. */
const NODES_FILE = new URL("nodes.json", import.meta.url);
const keyhold = existsSync(NODES_FILE) ? JSON.parse(readFileSync(NODES_FILE, "utf8")) : undefined;

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const count = (value) => (value < 10 ? String(Number(value.toFixed(1))) : grouped.format(value));
const micro = (value) => `${grouped.format(value)} µs`;

function time(ms) {
  if (ms === undefined) return "–";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function run(scenario, changes, costs = REGION) {
  const cluster = new Cluster(scenario, costs, SEED).run(changes);
  if (cluster.violations > 0) throw new Error(`${cluster.violations} violations of promise 1`);
  return cluster;
}

/** Few changes, so that each finds the nodes at rest; fewer of many nodes, so that a run takes seconds. */
const changes = (nodes) => ({
  count: nodes < 100 ? 1000 : nodes < 1000 ? 400 : 60,
  everyMs: nodes < 1000 ? 1000 : 4000,
});

function latencies(cluster) {
  const [whole, waits] = [cluster.whole(), cluster.waits()];
  return [0.5, 0.99]
    .map((share) => time(quantile(whole, share)))
    .concat([0.5, 0.99].map((share) => time(quantile(waits, share))));
}

const LATENCIES = ["change, p50", "p99", "of it the wait for all nodes, p50", "p99"];

export function tables() {
  return {
    measured: costs(),
    assumed: table(["", "assumed"], ASSUMED).replace("--:", "---"),
    compared: compared(),
    latency: latency(),
    troubled: troubled(),
    "cut off": cutOff(),
    load: load(),
    turn: turn(),
    snapshot: snapshot(),
  };
}

function costs() {
  const of = ({ processorUs, logBytes }) => [micro(processorUs), `${grouped.format(logBytes)} B`];
  const { readLog, renew, renewUnflushed, notify, change, flush, list, listeners } = measured;
  const rows = [
    ["read the change log, nothing new", ...of(readLog)],
    ["renew the lease, with its flush", ...of(renew)],
    ["the same without the flush", ...of(renewUnflushed)],
    ["notify, without listeners", ...of(notify)],
    ["the sender, for each listener", `${listeners.senderPerListenerUs.toFixed(1)} µs`, ""],
    ["each listener's process", micro(listeners.receiverUs), ""],
    ...list.map((one) => [`read the rows of ${grouped.format(one.rows)} node${one.rows > 1 ? "s" : ""}`, ...of(one)]),
    ["expire a key: seven statements and a commit", ...of(change)],
    ["write the usage of one key: five statements and a commit", ...of(flush)],
  ];
  const { keyBytes, hourBytes, usageUs } = measured.sizes;
  const more = [
    `A key with its audit entry takes ${keyBytes} bytes in PostgreSQL, indexes included, and an hour in which a key`,
    `was used ${hourBytes}. Writing the usage of a key, among 32 in a statement, takes ${usageUs.toFixed(0)} µs.`,
  ].join("\n");
  const on = [
    `PostgreSQL ${measured.postgres.split(" ")[0]} on ${measured.machine}, ${measured.date}, load ${measured.load}`,
    `before the run. A flush of the log took ${measured.syncMs.toFixed(1)} ms on average.`,
  ].join("\n");
  return `${table(["", "processor time of the database", "log"], rows)}\n\n${more}\n\n${on}`;
}

function compared() {
  const rows = measured.followers.flatMap(({ nodes, changes: made, whole, wait }) => {
    const simulated = run({ nodes }, { count: made, everyMs: 60 }, MACHINE);
    return [
      [`${nodes}, SQL alone, measured`, ...[whole.p50, whole.p99, wait.p50, wait.p99].map(time)],
      [`${nodes}, simulated for that machine`, ...latencies(simulated)],
      [`${nodes}, Keyhold, measured`, ...ofKeyhold(nodes)],
    ];
  });
  const { date, load } = keyhold ?? {};
  const on = keyhold ? `\n\nKeyhold: ${date}, load ${load} before the run.` : "";
  return table(["nodes", ...LATENCIES], rows) + on;
}

/** From outside, a request cannot tell for how long of its time it has waited for the nodes. */
function ofKeyhold(nodes) {
  const one = keyhold?.nodes.find((measured) => measured.nodes === nodes);
  return one ? [time(one.p50), time(one.p99), "–", "–"] : Array(4).fill("not measured yet");
}

function latency() {
  const rows = NODES.flatMap((nodes) => {
    const built = run({ nodes }, changes(nodes));
    const quiet = run({ nodes, quiet: true }, changes(nodes));
    const polls = run({ nodes, hints: false }, changes(nodes));
    return [
      [`${count(nodes)}`, ...latencies(built)],
      [`${count(nodes)}, no notification arrives`, ...latencies(polls)],
      [`${count(nodes)}, quiet`, ...latencies(quiet)],
    ];
  });
  return table(["nodes", ...LATENCIES], rows);
}

function troubled() {
  const last = (delays, nodes) => (index) => (index === nodes - 1 ? delays : undefined);
  const rows = [3, 100].flatMap((nodes) => {
    const odd = (delays, readers = [nodes - 1]) =>
      latencies(run({ nodes, readers, delays: last(delays, nodes) }, changes(nodes)));
    const itself = Array.from({ length: nodes - 1 }, (_, index) => index);
    return [
      [`${nodes}, all well`, ...latencies(run({ nodes }, changes(nodes)))],
      [`${nodes}, another one is 80 ms away, there and back`, ...odd(FAR)],
      [`${nodes}, the change is made by the one that is 80 ms away`, ...odd(FAR, itself)],
      [`${nodes}, another one wakes up 100 ms late each time`, ...odd(STARVED)],
    ];
  });
  return table(["nodes", ...LATENCIES], rows);
}

function cutOff() {
  const rows = [5_000, 30_000, 300_000].flatMap((leaseMs) =>
    [3, 100].map((nodes) => {
      const cutAt = 1_000;
      // Ten changes in each tenth of two leases.
      const everyMs = leaseMs / 50;
      const cluster = run(
        { nodes, leaseMs, suspects: [nodes - 1] },
        { count: 100, everyMs, settleMs: 2_000, cutAt, limitMs: 4 * leaseMs },
      );
      const cut = 2_000 + cutAt;
      const during = cluster.changes.filter(({ committed }) => committed > cut && committed < cluster.removed);
      const waits = during.map(({ acknowledged, committed }) => acknowledged - committed).sort((a, b) => a - b);
      const after = cluster.changes
        .filter(({ begun }) => begun > cluster.removed)
        .map((one) => one.acknowledged - one.begun)
        .sort((a, b) => a - b);
      return [
        `${leaseMs / 1000} s, ${nodes} nodes`,
        time(waits.at(-1)),
        time(quantile(waits, 0.5)),
        time(cluster.removed - cut),
        time(quantile(after, 0.5)),
      ];
    }),
  );
  return table(
    ["lease", "longest wait", "median wait meanwhile", "its row is removed after", "a change after that, p50"],
    rows,
  );
}

function load() {
  const rows = [1, 3, 10, 30, 100, 300, 1000].map((nodes) => {
    const rest = new Cluster({ nodes }, REGION, SEED)
      .run({ count: 0, everyMs: 1, settleMs: 2_000, limitMs: 12_000 })
      .load();
    const { database } = run({ nodes }, { count: 8, everyMs: 3_000 });
    return [
      count(nodes),
      count(rest.rounds),
      count(rest.rounds * nodes),
      `${count((rest.rounds * measured.renew.logBytes) / 1e3)} kB`,
      rest.processors.toFixed(2),
      grouped.format(nodes + 1),
      grouped.format((nodes + 1) * nodes),
      time(database.notifyingTime / 8),
    ];
  });
  return table(
    [
      "nodes",
      "renewals/s",
      "rows read/s",
      "log/s",
      "processors at rest",
      "notifications a change",
      "their deliveries",
      "processor time for them",
    ],
    rows,
  );
}

function turn() {
  const rows = [10, 50, 100, 120, 150].map((nodes) => {
    const cluster = run({ nodes, usage: true }, { count: 200, everyMs: 200, limitMs: 60_000 });
    const { turn: held } = cluster.load();
    return [count(nodes), `${(held * 100).toFixed(0)} %`, ...latencies(cluster).slice(0, 2)];
  });
  return table(["nodes, all of them verifying", "write turn in use", "change, p50", "p99"], rows);
}

function snapshot() {
  const rows = measured.snapshot.map(({ renewals, lookUs, renewUs }) => [
    grouped.format(renewals),
    micro(lookUs),
    micro(renewUs),
  ]);
  return table(["renewals since the snapshot", "read the rows of ten nodes", "renew"], rows);
}
