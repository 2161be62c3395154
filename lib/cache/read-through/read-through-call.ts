import type { FactoryContext } from './factory-run.js';
import type { Policy } from './get-or-set-options.js';

/** One call of `getOrSet`. */
export interface ReadThroughCall {
  readonly key: string;
  readonly redisKey: string;
  readonly factory: (context: FactoryContext) => unknown;
  readonly policy: Policy;
}
