import { setTimeout as pause } from 'node:timers/promises';
import { POLICY } from '../connection/policy.js';

/**
 * The first answer that any of several servers gives. They are asked one after the other: the next when one has
 * failed, or has not answered for a while. The signal of each question is aborted once another has answered, and
 * with the given one.
 *
 * @throws AggregateError of every failure, in the order of the sources, when none answers
 */
export const hedgedRequest = async <S, T>(
  sources: readonly [S, ...S[]],
  ask: (source: S, signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> => {
  const over = new AbortController();
  const end = (): void => over.abort(signal?.reason);
  signal?.addEventListener('abort', end, { once: true });
  try {
    signal?.throwIfAborted();
    const asked: Promise<T>[] = [];
    for (const source of sources) {
      const answer = ask(source, over.signal);
      asked.push(answer);
      const answered = [Promise.any(asked), answer].map((promise) => promise.then(yes, no));
      if (await Promise.race([...answered, pause(POLICY.hedgeMs, false, { ref: false })])) break;
      if (over.signal.aborted) break;
    }
    return await Promise.any(asked);
  } finally {
    signal?.removeEventListener('abort', end);
    over.abort(new Error('Another server has answered'));
  }
};

const yes = (): boolean => true;
const no = (): boolean => false;
