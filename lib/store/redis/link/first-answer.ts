import { setTimeout as pause } from 'node:timers/promises';

/** How long one source may stay silent before the next is asked beside it. */
const IMPATIENCE_MS = 100;

/**
 * The first answer that any of several sources gives. They are asked one after the other: the next when one has
 * failed, or has not answered for a while.
 *
 * @throws AggregateError of every failure, in the order of the sources, when none answers
 */
export const firstAnswer = async <S, T>(
  sources: readonly S[],
  ask: (source: S) => Promise<T>,
): Promise<T> => {
  const asked: Promise<T>[] = [];
  for (const source of sources) {
    const answer = ask(source);
    asked.push(answer);
    const answered = [Promise.any(asked), answer].map((promise) => promise.then(yes, no));
    if (await Promise.race([...answered, pause(IMPATIENCE_MS, false, { ref: false })])) break;
  }
  return Promise.any(asked);
};

const yes = (): boolean => true;
const no = (): boolean => false;
