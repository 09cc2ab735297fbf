// A simulated node, as docs/nodes.md describes it and vault/src/cluster/ does it: rounds, its lease, looks at all rows,
// and the wait of its changes for every node. No keys: a change is a number.

import { POLL } from "./protocol.mjs";

export class Node {
  seen = 0;
  /** Until when it verifies, by its own clock. */
  lease = 0;
  connected = true;
  rounds = 0;
  #announced = 0;
  #asked = -1;
  #hinted = { changes: false, seen: false };
  #atRest = false;
  #rest = 0;
  #due = 0;
  /** When this node first saw the present number of renewals of each node that may fall silent. */
  #known = new Map();

  constructor(cluster, index, delays) {
    this.cluster = cluster;
    this.index = index;
    this.delays = delays;
    this.waiting = new Set();
  }

  start() {
    this.#round();
  }

  hint(kind) {
    this.#hinted[kind] = true;
    if (this.#atRest) this.#wake();
  }

  /** Runs after a message has come from the database and the process has been scheduled. */
  receive(run) {
    const { events, random } = this.cluster;
    if (!this.connected) return;
    events.after(
      random.delay(this.delays.network) + random.delay(this.delays.scheduling),
      () => this.connected && run(),
    );
  }

  /** Sends a statement that takes `microseconds` of the database's processor, lets it `end` there, and receives. */
  statement(microseconds, end, done) {
    const { events, random, database } = this.cluster;
    if (!this.connected) return;
    events.after(random.delay(this.delays.network), () =>
      database.work(microseconds, () => end((answer) => this.receive(() => done(answer)))),
    );
  }

  #round() {
    const { events, database, costs } = this.cluster;
    this.#hinted.changes = false;
    this.#atRest = false;
    this.rounds += 1;
    const begun = events.now;
    this.statement(
      costs.readLog,
      (answer) => answer(database.newest),
      (newest) =>
        events.after((newest - this.seen) * costs.applyMs, () => {
          const due = events.now >= this.#due;
          if (due) this.#due = events.now + POLL;
          const news = newest > this.seen;
          this.seen = newest;
          const end = () => this.#look(due, () => this.#restUntilNext());
          if (news || due) this.#renew(begun, end);
          else end();
        }),
    );
  }

  #renew(begun, done) {
    const { database, costs, scenario } = this.cluster;
    const news = this.seen > this.#announced && !scenario.quiet;
    const renew = (answer) =>
      database.commit(() => {
        if (database.renewals[this.index] < 0) return answer(false);
        database.seen[this.index] = Math.max(database.seen[this.index], this.seen);
        database.renewals[this.index] += 1;
        // In the same message, after the commit.
        if (!news) answer(true);
        else database.work(costs.notify, () => database.notify("seen", () => answer(true)));
      });
    this.statement(costs.renew, renew, (renewed) => {
      if (!renewed) return;
      this.lease = begun + (scenario.leaseMs / 6) * 5;
      if (news) this.#announced = this.seen;
      done();
    });
  }

  #look(due, done) {
    const { events, database, costs, scenario } = this.cluster;
    // Rows are read where they are needed, and otherwise for silent nodes. The remedy does the latter once a second.
    const needed = scenario.quiet ? events.now - this.#asked >= 1000 : due;
    if (!needed && this.waiting.size === 0) return done();
    const asked = events.now;
    const rows = scenario.nodes;
    this.statement(
      costs.look + rows * costs.lookRow,
      (answer) => answer(database.rows(this.waiting.size > 0)),
      (listed) =>
        events.after(rows * costs.parseRowMs, () => {
          this.#asked = asked;
          this.#watch();
          for (const change of [...this.waiting]) this.#judge(change, asked, listed);
          done();
        }),
    );
  }

  /** Measures the silence of the nodes that the scenario cuts off, and removes their rows. */
  #watch() {
    const { events, database, scenario } = this.cluster;
    for (const index of scenario.suspects) {
      const renewals = database.renewals[index];
      if (renewals < 0 || index === this.index) continue;
      if (this.#known.get(index)?.renewals !== renewals) this.#known.set(index, { renewals, at: events.now });
      else if (events.now - this.#known.get(index).at >= scenario.leaseMs) {
        database.renewals[index] = -1;
        this.cluster.removed = events.now;
      }
    }
  }

  #judge(change, asked, listed) {
    const { events, scenario } = this.cluster;
    if (asked < change.committed || !this.waiting.has(change)) return;
    const lag = listed.filter(([, seen]) => seen < change.seq);
    // The fault is for the self-check: it forgets the nodes that are silent.
    if (lag.length === 0 || (scenario.faultyWait && lag.every(([index]) => scenario.suspects.includes(index)))) {
      return this.#acknowledge(change);
    }
    const ends = lag.map(([index]) => (this.#known.get(index)?.at ?? Infinity) + scenario.leaseMs);
    const end = Math.min(Math.max(...ends), change.committed + scenario.leaseMs);
    if (end !== change.end && end < Infinity) {
      change.end = end;
      events.after(Math.max(end - events.now, 0), () => change.end === end && this.#acknowledge(change));
    }
  }

  #acknowledge(change) {
    if (!this.waiting.delete(change)) return;
    this.cluster.acknowledged(change);
  }

  #restUntilNext() {
    const { events } = this.cluster;
    this.#rest += 1;
    const rest = this.#rest;
    this.#atRest = true;
    events.after(Math.max(this.#due - events.now, 0), () => this.#rest === rest && this.#atRest && this.#round());
    this.#wake();
  }

  #wake() {
    const { events, scenario } = this.cluster;
    if (this.#hinted.changes) return this.#round();
    if (this.waiting.size === 0) return;
    if (!this.#hinted.seen && !scenario.quiet) return;
    this.#hinted.seen = false;
    this.#atRest = false;
    const rest = this.#rest;
    const look = () =>
      this.#look(false, () => {
        if (rest !== this.#rest) return;
        this.#atRest = true;
        // The round that fell due during the look.
        if (events.now >= this.#due) this.#round();
        else this.#wake();
      });
    if (scenario.quiet) events.after(scenario.lookEveryMs, look);
    else look();
  }

  /** Makes a change: statements in the write turn, the commit, then the wait for every node. */
  change() {
    const { events, database, costs } = this.cluster;
    const change = { begun: events.now, node: this };
    const commit = () =>
      this.statement(
        costs.change / costs.changeStatements,
        (answer) => {
          const committed = () => {
            database.newest += 1;
            change.seq = database.newest;
            database.turn.release();
          };
          database.commitWithNotify("changes", committed, answer);
        },
        () => {
          change.committed = events.now;
          this.waiting.add(change);
          this.hint("changes");
        },
      );
    const next = (left) =>
      left === 0
        ? commit()
        : this.statement(
            costs.change / costs.changeStatements,
            (answer) => answer(),
            () => next(left - 1),
          );
    // The first statement waits for the turn.
    this.statement(
      costs.change / costs.changeStatements,
      (answer) => database.turn.take(() => answer()),
      () => next(costs.changeStatements - 2),
    );
  }

  /** Writes usage in the write turn, every 0.7 s. */
  flushUsage() {
    const { events, database, costs } = this.cluster;
    const each = costs.usage / costs.usageStatements;
    const begun = events.now;
    const again = () =>
      events.after(Math.max(700 - (events.now - begun), 0), () => this.connected && this.flushUsage());
    const next = (left) => {
      if (left > 0)
        return this.statement(
          each,
          (answer) => answer(),
          () => next(left - 1),
        );
      this.statement(each, (answer) => database.commit(() => (database.turn.release(), answer())), again);
    };
    const wait = (answer) => database.turn.take(() => (this.connected ? answer() : database.turn.release()));
    this.statement(each, wait, () => next(costs.usageStatements - 2));
  }
}
