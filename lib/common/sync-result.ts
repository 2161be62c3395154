import { types } from 'node:util';
import { ignore } from './ignore.js';

/**
 * The result of a function of the application whose type lets it return no promise. The check of the result refuses one;
 * nobody awaits it, so its failure would end the process.
 */
export const syncResult = <T>(result: T): T => {
  if (types.isPromise(result)) result.catch(ignore);
  return result;
};

/**
 * The same for a result of any other kind.
 *
 * @throws TypeError for a promise
 */
export const refusePromise = <T>(result: T, name: string): T => {
  if (types.isPromise(syncResult(result)))
    throw new TypeError(`${name} must return its result, got a promise`);
  return result;
};
