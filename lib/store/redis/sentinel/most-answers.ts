import { setTimeout as pause } from 'node:timers/promises';
import { ignore } from '../../../common/ignore.js';

/** How long after the first answer the others may take. */
const PATIENCE_MS = 100;

/**
 * The last answer when more than half of several sources have given theirs, or a while after the first where the
 * others are slow or fail.
 *
 * @throws AggregateError of every failure when none answers
 */
export const mostAnswers = async <T>(asked: readonly Promise<T>[]): Promise<T> => {
  const answers: T[] = [];
  const enough = new Promise<void>((resolve) => {
    const take = (answer: T): void => {
      answers.push(answer);
      if (answers.length > asked.length / 2) resolve();
    };
    for (const answer of asked) answer.then(take, ignore);
  });
  const first = await Promise.any(asked);
  await Promise.race([enough, Promise.allSettled(asked), pause(PATIENCE_MS, undefined, { ref: false })]);
  return answers.at(-1) ?? first;
};
