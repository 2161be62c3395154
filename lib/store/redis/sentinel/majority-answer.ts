import { setTimeout as pause } from 'node:timers/promises';
import { ignore } from '../../../common/ignore.js';
import { POLICY } from '../connection/policy.js';

/**
 * Waits until more than half of several servers have answered, or a while after the first where the others are slow or
 * fail, and gives the latest answer.
 *
 * @throws AggregateError of every failure when none answers
 */
export const majorityAnswer = async <T>(asked: readonly Promise<T>[]): Promise<T> => {
  const answers: T[] = [];
  const majority = new Promise<void>((resolve) => {
    const take = (answer: T): void => {
      answers.push(answer);
      if (answers.length > asked.length / 2) resolve();
    };
    for (const answer of asked) answer.then(take, ignore);
  });
  const first = await Promise.any(asked);
  const patience = pause(POLICY.majorityMs, undefined, { ref: false });
  await Promise.race([majority, Promise.allSettled(asked), patience]);
  return answers.at(-1) ?? first;
};
