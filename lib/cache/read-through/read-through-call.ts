import type { AtOnce } from '../at-once.js';
import type { Factory } from './factory-run.js';
import type { Policy } from './get-or-set-options.js';

/** An entry that is asked for. */
export interface EntryCall {
  readonly key: string;
  readonly redisKey: string;
  readonly policy: Policy;
}

/** One call of `getOrSet`. */
export interface ReadThroughCall extends EntryCall {
  readonly factory: Factory;
  /** Of one of many: how many of them the store is asked about at once. */
  readonly pace?: AtOnce;
}
