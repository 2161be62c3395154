import type { AtOnce } from '../at-once.js';
import type { Factory } from './factory-run.js';
import type { AnswerOrigin, Policy } from './get-or-set-options.js';

/** An entry that is asked for. */
export interface EntryCall {
  readonly key: string;
  readonly redisKey: string;
  readonly policy: Policy;
  /** Told how the value was got. */
  readonly onAnswer?: ((origin: AnswerOrigin) => void) | undefined;
}

/** One call of `getOrSet`. */
export interface ReadThroughCall extends EntryCall {
  readonly factory: Factory;
  /** Limits how many entries of a call for many are read and written at once. */
  readonly pace?: AtOnce;
}
