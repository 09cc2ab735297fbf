// Random numbers from a seed, so that a run can be repeated, and the distributions that delays are drawn from.

/** mulberry32: 32 bits of state are enough for delays. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** Returns a number from 0 to below 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  exponential(mean) {
    return -mean * Math.log(1 - this.next());
  }

  normal() {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /**
   * Draws a delay: log-normal around `median`, and now and then a stall. A number is a constant delay.
   * `{ median, sigma, stall: { share, from, to } }`, in milliseconds.
   */
  delay(distribution) {
    if (typeof distribution === "number") return distribution;
    const { median, sigma, stall } = distribution;
    if (stall && this.next() < stall.share) return stall.from + this.next() * (stall.to - stall.from);
    return median * Math.exp(sigma * this.normal());
  }
}
