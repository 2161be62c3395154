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
  let answered = false;
  const asked: Promise<T>[] = [];
  for (const source of sources) {
    if (answered) break;
    const answer = ask(source);
    answer.then(
      () => (answered = true),
      () => undefined,
    );
    asked.push(answer);
    await settledOr(answer, IMPATIENCE_MS);
  }
  return Promise.any(asked);
};

const settledOr = (promise: Promise<unknown>, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    promise.then(done, done);
  });
