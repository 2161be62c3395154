import { setTimeout as pause } from 'node:timers/promises';
import { ignore } from '../../../common/ignore.js';
import { whenAborted } from '../../../common/within.js';
import type { Dial, DialledClient } from './dial.js';
import { jittered, pauseAfter, POLICY } from './policy.js';

export interface RepetitionOptions {
  /** Ends every attempt, with its reason. */
  readonly signal: AbortSignal;
  /**
   * If true, the first attempt is made without a pause.
   * @default true
   */
  readonly immediately?: boolean;
  /** Called for each attempt that is refused. Rejecting with it ends the repetition, where that is asked for. */
  readonly onRefused?: (error: unknown) => void;
  /**
   * If true, a refusal is final, so that only silence leads to further attempts.
   * @default false
   */
  readonly untilRefused?: boolean;
}

/**
 * Connects, however many attempts that takes. One that is refused is followed by a pause that doubles up to a bound,
 * with jitter, so that a fleet does not come all at once. One that gets no answer (packets dropped, a frozen server)
 * may go on beside later ones for its whole time: the later ones notice a return soon, it serves a slow network.
 */
export const dialRepeatedly = async (
  dial: Dial,
  { signal, immediately = true, onRefused = ignore, untilRefused = false }: RepetitionOptions,
): Promise<DialledClient> => {
  signal.throwIfAborted();
  const over = new AbortController();
  const end = (): void => over.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  const attempts = new Attempts(dial, onRefused);
  try {
    const repeated = repeat(attempts, over.signal, { immediately, untilRefused });
    return await Promise.race([attempts.opened, repeated, whenAborted(over.signal)]);
  } finally {
    signal.removeEventListener('abort', end);
    over.abort(new Error('No longer wanted'));
    attempts.end();
  }
};

const repeat = async (
  attempts: Attempts,
  signal: AbortSignal,
  { immediately, untilRefused }: { readonly immediately: boolean; readonly untilRefused: boolean },
): Promise<never> => {
  const rest = (ms: number): Promise<void> => pause(ms, undefined, { signal, ref: false });
  let refusals = 0;
  if (!immediately) await rest(jittered(POLICY.longestPauseMs));
  for (;;) {
    const refusal = attempts.start();
    const outcome = await Promise.race([refusal, rest(POLICY.attemptPatienceMs)]);
    signal.throwIfAborted();
    if (outcome === undefined) attempts.keepOrDropLatest();
    else if (untilRefused) throw outcome.error;
    else await rest(pauseAfter(refusals++));
  }
};

interface Refusal {
  readonly error: unknown;
}

/** At most two at a time: the latest, and one that is slow. */
class Attempts {
  readonly opened: Promise<DialledClient>;
  #open: (opened: DialledClient) => void = ignore;
  #latest = new AbortController();
  #slow: AbortController | undefined;
  #ended = false;

  constructor(
    private readonly dial: Dial,
    private readonly onRefused: (error: unknown) => void,
  ) {
    this.opened = new Promise((resolve) => (this.#open = resolve));
  }

  /** Resolves when it is refused, and never when it succeeds or is given up. */
  start(): Promise<Refusal> {
    const attempt = (this.#latest = new AbortController());
    return new Promise((refuse) => {
      this.dial(attempt.signal).then(
        (opened) => this.#take(opened),
        (error: unknown) => {
          if (this.#slow === attempt) this.#slow = undefined;
          if (attempt.signal.aborted) return;
          this.onRefused(error);
          refuse({ error });
        },
      );
    });
  }

  /** The first that is slow goes on beside later ones; a later one makes room for the next. */
  keepOrDropLatest(): void {
    if (this.#slow === undefined) this.#slow = this.#latest;
    else this.#latest.abort(new Error('The next attempt follows'));
  }

  /** Without effect on one that has succeeded. */
  end(): void {
    this.#ended = true;
    for (const attempt of [this.#slow, this.#latest]) attempt?.abort(new Error('No longer wanted'));
  }

  #take(opened: DialledClient): void {
    if (this.#ended) {
      opened.client.destroy();
      return;
    }
    this.#ended = true;
    this.#open(opened);
  }
}
