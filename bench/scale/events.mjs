// The simulated time, and what is scarce in it: processors, a lock, and the flush of the log.

/** Events in the order of their time; of those at one time, in the order in which they were added. */
export class Events {
  now = 0;
  #heap = [];
  #added = 0;

  after(delay, run) {
    this.#push({ at: this.now + delay, order: this.#added++, run });
  }

  /** Runs events until `done()` is true or `end`, in milliseconds. Returns whether it was done. */
  run(done, end) {
    while (this.#heap.length > 0) {
      if (done()) return true;
      const event = this.#pop();
      if (event.at > end) return false;
      this.now = event.at;
      event.run();
    }
    return done();
  }

  #push(event) {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent], event)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
      if (before(last, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a, b) {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A number of units that jobs occupy for a time, first come, first served. */
export class Units {
  busy = 0;
  /** The time that units were occupied, summed over all of them. */
  used = 0;
  #waiting = [];
  #head = 0;

  constructor(events, count) {
    this.events = events;
    this.count = count;
  }

  /** Occupies a unit for `time`, then calls `done`. */
  work(time, done) {
    this.take(() => {
      this.used += time;
      this.events.after(time, () => {
        this.release();
        done();
      });
    });
  }

  /** Occupies a unit until `release`. */
  take(run) {
    if (this.busy < this.count) {
      this.busy += 1;
      run();
    } else {
      this.#waiting.push(run);
    }
  }

  release() {
    if (this.#head < this.#waiting.length) {
      const next = this.#waiting[this.#head++];
      if (this.#head > 1000) {
        this.#waiting.splice(0, this.#head);
        this.#head = 0;
      }
      next();
    } else {
      this.busy -= 1;
    }
  }
}

/** The flush of the log: one at a time, each for all commits that have come before it began. */
export class LogFlush {
  count = 0;
  #running = false;
  #next = [];

  constructor(events, time) {
    this.events = events;
    this.time = time;
  }

  commit(done) {
    this.#next.push(done);
    if (!this.#running) this.#flush();
  }

  #flush() {
    const commits = this.#next;
    this.#next = [];
    this.#running = true;
    this.count += 1;
    this.events.after(this.time(), () => {
      this.#running = false;
      if (this.#next.length > 0) this.#flush();
      for (const done of commits) done();
    });
  }
}
