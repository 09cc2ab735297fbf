// One run of a scenario: the nodes and their database, changes at random times, and what became of them.

import { Database } from "./database.mjs";
import { Events } from "./events.mjs";
import { Node } from "./node.mjs";
import { POLL } from "./protocol.mjs";
import { Random } from "./random.mjs";

/** One run of a scenario. */
export class Cluster {
  changes = [];
  /** When the row of the node that was cut off was removed. */
  removed = undefined;
  /** Changes that were acknowledged although a node that still verified did not have them. Must stay 0. */
  violations = 0;

  constructor(scenario, costs, seed) {
    this.scenario = {
      leaseMs: 30_000,
      suspects: [],
      readers: [],
      quiet: false,
      lookEveryMs: 5,
      hints: true,
      usage: false,
      ...scenario,
    };
    this.costs = costs;
    this.events = new Events();
    this.random = new Random(seed);
    this.database = new Database(this.events, this.random, costs);
    this.nodes = Array.from(
      { length: scenario.nodes },
      (_, index) => new Node(this, index, scenario.delays?.(index) ?? costs.delays),
    );
    this.database.seen = new Array(scenario.nodes).fill(0);
    this.database.renewals = new Array(scenario.nodes).fill(1);
    if (this.scenario.hints) this.database.listeners = this.nodes;
    for (const node of this.nodes) {
      this.events.after(this.random.next() * POLL, () => node.start());
      if (this.scenario.usage) this.events.after(this.random.next() * 700, () => node.flushUsage());
    }
  }

  acknowledged(change) {
    change.acknowledged = this.events.now;
    for (const node of this.nodes) {
      if (node.lease > this.events.now && node.seen < change.seq) this.violations += 1;
    }
    this.changes.push(change);
  }

  /** Lets nodes settle, then makes `count` changes, one every `everyMs` on average, from nodes in turn. */
  run({ count, everyMs, settleMs = 2_000, limitMs = 600_000, cutAt }) {
    let made = 0;
    const next = () => {
      if (made === count) return;
      const others = [...this.scenario.suspects, ...this.scenario.readers];
      const writers = this.nodes.filter((node) => !others.includes(node.index));
      made += 1;
      writers[made % writers.length].change();
      this.events.after(this.random.exponential(everyMs), next);
    };
    this.events.after(settleMs, () => {
      this.begun = { at: this.events.now, ...this.#counters() };
      next();
    });
    if (cutAt !== undefined) {
      this.events.after(settleMs + cutAt, () => {
        for (const index of this.scenario.suspects) this.nodes[index].connected = false;
      });
    }
    this.complete = this.events.run(() => count > 0 && this.changes.length === count, limitMs);
    return this;
  }

  #counters() {
    const { processors, turn, log, notifications, deliveries } = this.database;
    return {
      used: processors.used,
      turn: turn.used,
      flushes: log.count,
      notifications,
      deliveries,
      rounds: this.nodes.reduce((sum, node) => sum + node.rounds, 0),
    };
  }

  /** What the database did each second since the first change. */
  load() {
    const [from, to] = [this.begun, this.#counters()];
    const seconds = (this.events.now - from.at) / 1000;
    const rate = (name) => (to[name] - from[name]) / seconds;
    return {
      processors: rate("used") / 1000,
      turn: rate("turn") / 1000,
      flushes: rate("flushes"),
      notifications: rate("notifications"),
      deliveries: rate("deliveries"),
      rounds: rate("rounds"),
    };
  }

  /** The time from the beginning of a change to its acknowledgement, in milliseconds, sorted. */
  whole() {
    return this.changes.map((change) => change.acknowledged - change.begun).sort((a, b) => a - b);
  }

  /** The part of it after the commit. */
  waits() {
    return this.changes.map((change) => change.acknowledged - change.committed).sort((a, b) => a - b);
  }
}

export function quantile(sorted, share) {
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
}
