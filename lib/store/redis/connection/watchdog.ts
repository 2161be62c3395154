import { setImmediate as turn } from 'node:timers/promises';

/** The number of ticks for which a command may be in flight. */
const TICKS = 10;

export interface WatchdogOptions {
  /** Milliseconds a command may take; it is noticed at most a tenth later. */
  readonly deadlineMs: number;
  /** Tells whether bytes of a long reply or request have moved since it was last called, if that can be known. */
  readonly hasMoved?: () => boolean;
  /** Called when a command is overdue. Not called again before `settle` was. */
  readonly onOverdue: () => void;
  /** Called when the first command is in flight, and when none is any more, with how many there were since. */
  readonly onBusy?: () => void;
  readonly onRest?: (commands: number) => void;
}

/**
 * The deadline of the commands on one connection. Replies come in the order of the commands, so counting both is
 * enough: no timer and no record per command.
 *
 * Time is counted in ticks of its own and looked at after a poll phase, so a blocked event loop is not an outage;
 * neither is one long reply that is still arriving, or a long request that is still leaving: up to the last byte that moved,
 * ticks without an answer do not count.
 */
export class Watchdog {
  #issued = 0;
  #settled = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The number of commands that had been issued at each of the last ticks, the oldest first. */
  #marks: number[] = [];
  /** The number of the latest ticks that had neither bytes nor answers. */
  #silentTicks = 0;
  #settledAtTick = 0;
  #issuedAtRest = 0;
  #onIdle: (() => void) | undefined;

  constructor(private readonly options: WatchdogOptions) {}

  /** True if something is in flight. */
  get isBusy(): boolean {
    return this.#settled !== this.#issued;
  }

  /** A command was sent. */
  issue(): void {
    if (this.#issued++ === this.#settled) this.options.onBusy?.();
    if (this.#timer === undefined) this.#start();
  }

  /** A command was answered, with whatever. */
  settle(): void {
    if (++this.#settled !== this.#issued) return;
    this.options.onRest?.(this.#issued - this.#issuedAtRest);
    this.#issuedAtRest = this.#issued;
    this.#onIdle?.();
  }

  /** Resolves when nothing is in flight, or something is overdue. */
  async idle(): Promise<void> {
    while (this.isBusy && this.#timer !== undefined) {
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
    this.#silentTicks = 0;
    this.#settledAtTick = this.#settled;
    this.options.hasMoved?.();
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
    if (!this.isBusy) {
      this.stop();
      return;
    }
    const hasMoved = this.options.hasMoved?.() === true;
    const hasSettled = this.#settled !== this.#settledAtTick;
    this.#settledAtTick = this.#settled;
    if (hasMoved && !hasSettled) {
      // bytes come and go in bursts that may be further apart than ticks
      this.#marks.splice(-this.#silentTicks, this.#silentTicks);
      this.#silentTicks = 0;
      return;
    }
    this.#silentTicks = hasSettled ? 0 : this.#silentTicks + 1;
    this.#marks.push(this.#issued);
    if (this.#marks.length <= TICKS) return;
    const issuedLongAgo = this.#marks.shift() ?? 0;
    if (this.#settled >= issuedLongAgo) return;
    this.stop();
    this.options.onOverdue();
    this.#onIdle?.();
  }
}
