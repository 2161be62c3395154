const TICKS = 10;

export interface WithinOptions {
  /** Ends the work sooner, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** If true, waiting keeps the process alive. */
  readonly ref?: boolean;
}

/**
 * Gives the work a bound in milliseconds: then its signal is aborted, and the promise rejects with what `late` makes.
 *
 * Time is counted in ticks that are looked at after a poll phase, so a blocked event loop costs one of them: what had
 * arrived in the meantime is not taken for late.
 */
export const within = async <T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => unknown,
  { signal: outer, ref = true }: WithinOptions = {},
): Promise<T> => {
  outer?.throwIfAborted();
  const own = new AbortController();
  const onOuter = (): void => own.abort(outer?.reason);
  let ticksLeft = TICKS;
  const tick = (): void => {
    ticksLeft--;
    if (ticksLeft === 0) own.abort(late());
  };
  const timer = setInterval(() => setImmediate(tick), Math.max(1, ms / TICKS));
  if (!ref) timer.unref();
  outer?.addEventListener('abort', onOuter, { once: true });
  try {
    return await Promise.race([work(own.signal), whenAborted(own.signal)]);
  } finally {
    ticksLeft = Infinity;
    clearInterval(timer);
    outer?.removeEventListener('abort', onOuter);
  }
};

/** Never resolves; rejects with the reason of the signal. */
export const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
