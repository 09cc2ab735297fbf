// The parameters of the simulation: measured ones from measured.json, and assumptions about machines and network.

import { readFileSync } from "node:fs";

export const measured = JSON.parse(readFileSync(new URL("measured.json", import.meta.url), "utf8"));

const { readLog, renewUnflushed, renew, notify, change, flush, list, listeners } = measured;
const [few, many] = [list.at(0), list.at(-1)];

/** A flush's own processor time is that of a renewal with one, less that of a renewal without. */
const flushProcessor = renew.processorUs - renewUnflushed.processorUs;

/** Processor time of the database in microseconds, as measured. */
const STATEMENTS = {
  readLog: readLog.processorUs,
  renew: renewUnflushed.processorUs,
  notify: notify.processorUs,
  look: few.processorUs,
  lookRow: (many.processorUs - few.processorUs) / (many.rows - few.rows),
  signal: listeners.senderPerListenerUs,
  receive: listeners.receiverUs,
  change: change.processorUs - flushProcessor,
  changeStatements: 7,
  usage: flush.processorUs - flushProcessor,
  usageStatements: 5,
  flushProcessor,
};

/** A database and nodes in one region, on machines of their own. All in milliseconds. */
export const REGION = {
  ...STATEMENTS,
  processors: 8,
  flush: { median: 1, sigma: 0.3, stall: { share: 0.005, from: 10, to: 40 } },
  standby: { median: 1.3, sigma: 0.3, stall: { share: 0.005, from: 10, to: 40 } },
  delays: {
    network: { median: 0.15, sigma: 0.4, stall: { share: 0.001, from: 1, to: 5 } },
    scheduling: { median: 0.05, sigma: 0.5, stall: { share: 0.005, from: 2, to: 20 } },
  },
  applyMs: 0.002,
  parseRowMs: 0.001,
};

/** The machine of the measurement, if nothing else ran on it. */
export const MACHINE = {
  ...REGION,
  processors: 2,
  flush: { median: measured.syncMs, sigma: 0.3 },
  standby: undefined,
  delays: { network: 0.02, scheduling: { median: 0.05, sigma: 0.5 } },
};

/** One-way delay to a node in another region, and wake-ups of a node on a machine without free processors. */
export const FAR = { network: { median: 40, sigma: 0.05 }, scheduling: REGION.delays.scheduling };
export const STARVED = { network: REGION.delays.network, scheduling: { median: 100, sigma: 0.5 } };

export const ASSUMED = [
  ["processors of the database", "8, each as fast as that of the measurement"],
  ["flush of its log", "median 1 ms; 0.5 % take 10 to 40 ms"],
  ["synchronous standby", "1.3 ms more for the round trip and its own flush; 0.5 % take 10 to 40 ms"],
  ["network, one way", "median 0.15 ms; 0.1 % take 1 to 5 ms"],
  ["wake-up of a node", "median 0.05 ms; 0.5 % take 2 to 20 ms"],
  ["applying an entry; parsing a row", "2 µs; 1 µs"],
];
