// The simulated database: its rows of nodes, and what all statements share there.

import { LogFlush, Units } from "./events.mjs";

/** The write turn, and the time for which it was held. */
class Turn extends Units {
  #since = 0;

  constructor(events) {
    super(events, 1);
  }

  take(run) {
    super.take(() => {
      this.#since = this.events.now;
      run();
    });
  }

  release() {
    this.used += this.events.now - this.#since;
    super.release();
  }
}

/** The database: rows of nodes, the log, and the resources that statements share. */
export class Database {
  newest = 0;
  /** By node: the newest change in its memory, and the number of its renewals; -1 without a row. */
  seen = [];
  renewals = [];
  notifications = 0;
  deliveries = 0;
  /** Processor time for notifications, of senders and listeners. */
  notifyingTime = 0;
  #pending = new Set();

  constructor(events, random, costs) {
    this.events = events;
    this.costs = costs;
    this.processors = new Units(events, costs.processors);
    this.log = new LogFlush(events, () => {
      this.processors.used += costs.flushProcessor / 1000;
      return random.delay(costs.flush);
    });
    this.standby = () => (costs.standby ? random.delay(costs.standby) : 0);
    this.turn = new Turn(events);
    // Held until the commit is complete, so that notifications are in the order of the commits.
    this.notifying = new Units(events, 1);
    this.listeners = [];
  }

  /** Returns `[node, seen]` of every row, or nothing where nothing is judged by them. */
  rows(needed) {
    if (!needed) return [];
    return this.seen.map((seen, node) => [node, seen]).filter(([node]) => this.renewals[node] >= 0);
  }

  work(microseconds, done) {
    this.processors.work(microseconds / 1000, done);
  }

  commit(done) {
    this.log.commit(() => this.events.after(this.standby(), done));
  }

  /**
   * Commits a transaction that has written something and notifies: it holds the lock until the flush, here and on the
   * standby, is complete.
   */
  commitWithNotify(kind, committed, done) {
    this.notifying.take(() =>
      this.commit(() => {
        // Visible before the first listener is woken.
        committed();
        this.notifying.release();
        this.#notify(kind, done);
      }),
    );
  }

  /** Commits a transaction that only notifies: it has written nothing that a flush must wait for. */
  notify(kind, done) {
    this.notifying.take(() => {
      this.notifying.release();
      this.#notify(kind, done);
    });
  }

  /** The sender signals every listener of the database, and then answers. */
  #notify(kind, done) {
    this.notifications += 1;
    const woken = this.listeners.filter((node) => node.connected);
    this.notifyingTime += (woken.length * this.costs.signal) / 1000;
    this.work(woken.length * this.costs.signal, done);
    for (const node of woken) this.#wake(node, kind);
  }

  /** A listener that has been woken and has not run yet reads all notifications at once. */
  #wake(node, kind) {
    this.deliveries += 1;
    node.unread ??= new Set();
    node.unread.add(kind);
    if (this.#pending.has(node)) return;
    this.#pending.add(node);
    this.notifyingTime += this.costs.receive / 1000;
    this.work(this.costs.receive, () => {
      this.#pending.delete(node);
      const kinds = node.unread;
      node.unread = undefined;
      node.receive(() => kinds.forEach((one) => node.hint(one)));
    });
  }
}
