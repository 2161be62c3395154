import type { CacheKeys } from '../cache-keys.js';
import type { CallDefaults } from '../call-defaults.js';
import { versionOf } from '../call-options.js';
import { keyList } from '../entries.js';
import type { Timeout } from '../timeout.js';
import type { Factory } from './factory-run.js';
import { answerListenerOf, type GetOrSetOptions } from './get-or-set-options.js';
import type { EntryCall, ReadThroughCall } from './read-through-call.js';

type Given = Timeout | GetOrSetOptions<never> | undefined;

/** Checks the arguments of `getOrSet` and `getOrSetMany`, and completes them with the settings of the cache. */
export class CallArguments {
  constructor(
    private readonly keys: CacheKeys,
    private readonly defaults: CallDefaults,
  ) {}

  /** @param owner whose `getOrSet` was called */
  ofOne(owner: object, key: string, factory: Factory, given: Given): ReadThroughCall {
    const redisKey = this.keys.redisKey(key, versionOf(given, owner, 'getOrSet'));
    const policy = this.defaults.policyOf(given);
    return { key, redisKey, factory, policy, onAnswer: answerListenerOf(given) };
  }

  /** Each key once. @param owner whose `getOrSetMany` was called */
  ofMany(owner: object, keys: Iterable<string>, given: Given): EntryCall[] {
    const version = versionOf(given, owner, 'getOrSetMany');
    const policy = this.defaults.policyOf(given);
    return [...new Set(keyList(keys))].map((key) => ({
      key,
      redisKey: this.keys.redisKey(key, version),
      policy,
    }));
  }
}
