import { performance } from 'node:perf_hooks';
import { ignore } from '../../../common/ignore.js';
import { jittered, POLICY } from '../connection/policy.js';

/** Decides when the topology of a cluster is asked for next. */
export class RefreshSchedule {
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #pauseMs: number = POLICY.firstTopologyPauseMs;
  #isClosed = false;

  constructor(private readonly refresh: () => Promise<void>) {}

  /** In so many milliseconds, unless that is to happen sooner anyway. */
  soon(ms: number): void {
    const due = performance.now() + ms;
    if (this.#isClosed || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Infinity;
      this.refresh().catch(ignore);
    }, ms);
    this.#timer.unref();
  }

  /** Something has changed: now, and the pauses begin again. */
  restart(): void {
    this.#pauseMs = POLICY.firstTopologyPauseMs;
    this.soon(0);
  }

  /** After a pause, each twice as long as the one before up to a limit. */
  backOff(): void {
    this.soon(jittered(this.#pauseMs));
    this.#pauseMs = Math.min(POLICY.longestTopologyPauseMs, this.#pauseMs * 2);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }

  close(): void {
    this.#isClosed = true;
    this.cancel();
  }
}
