import type { Clock } from '../common/clock.js';

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #now: number;

  /** @param start milliseconds since the Unix epoch, or a date. */
  constructor(start: number | Date = Date.now()) {
    this.#now = Number(start);
  }

  now(): number {
    return this.#now;
  }

  /** Moves the time on. @param milliseconds may have a fraction. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
