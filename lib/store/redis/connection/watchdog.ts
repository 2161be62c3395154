import { setImmediate as turn } from 'node:timers/promises';

/** How many ticks a command may be under way. */
const TICKS = 10;

export interface WatchdogOptions {
  /** Milliseconds a command may take; it is noticed at most a tenth later. */
  readonly deadlineMs: number;
  /** Bytes received so far, where that can be known. */
  readonly bytesRead?: (() => number) | undefined;
  /** Called when a command is overdue. Not called again before `settle` was. */
  readonly onOverdue: () => void;
}

/**
 * The deadline of the commands on one connection. Replies come in the order of the commands, so counting both is
 * enough: no timer and no record per command.
 *
 * Time is counted in ticks of its own and looked at after a poll phase, so a blocked event loop is not an outage;
 * neither is one long reply that is still arriving, whose ticks do not count.
 */
export class Watchdog {
  #issued = 0;
  #settled = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What had been issued at each of the last ticks, the oldest first. */
  #marks: number[] = [];
  #settledAtTick = 0;
  #bytesAtTick = 0;
  #onIdle: (() => void) | undefined;

  constructor(private readonly options: WatchdogOptions) {}

  /** A command was sent. */
  issue(): void {
    this.#issued++;
    if (this.#timer === undefined) this.#start();
  }

  /** A command was answered, with whatever. */
  settle(): void {
    this.#settled++;
    if (this.#onIdle !== undefined && this.#settled === this.#issued) this.#onIdle();
  }

  /** Resolves when nothing is under way, or something is overdue. */
  async idle(): Promise<void> {
    while (this.#settled !== this.#issued && this.#timer !== undefined) {
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
      // The last answer may have led to one more command, such as EVAL after NOSCRIPT.
      await turn();
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#marks = [];
    this.#settledAtTick = this.#settled;
    this.#bytesAtTick = this.options.bytesRead?.() ?? 0;
    const tickMs = Math.max(1, this.options.deadlineMs / TICKS);
    this.#timer = setInterval(this.#afterPoll, tickMs);
    this.#timer.unref();
  }

  /** Timers run before sockets are read: an answer that came during a blocked event loop is counted first. */
  readonly #afterPoll = (): void => {
    const timer = this.#timer;
    setImmediate(() => {
      if (timer !== undefined && timer === this.#timer) this.#tick();
    });
  };

  #tick(): void {
    if (this.#settled === this.#issued) {
      this.stop();
      return;
    }
    const bytes = this.options.bytesRead?.() ?? 0;
    const longReply = this.#settled === this.#settledAtTick && bytes !== this.#bytesAtTick;
    this.#settledAtTick = this.#settled;
    this.#bytesAtTick = bytes;
    if (longReply) return;
    this.#marks.push(this.#issued);
    if (this.#marks.length <= TICKS) return;
    const issuedLongAgo = this.#marks.shift() ?? 0;
    if (this.#settled >= issuedLongAgo) return;
    this.stop();
    this.options.onOverdue();
    this.#onIdle?.();
  }
}
