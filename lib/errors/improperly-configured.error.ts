import { CodexRedisError, type CodexRedisErrorOptions } from './codex-redis.error.js';

/** Invalid options, with their path and the fix. Thrown at start, or by a call that needs them. */
export class ImproperlyConfiguredError extends CodexRedisError {
  override readonly name: string = 'ImproperlyConfiguredError';
  readonly code = 'CODEX_REDIS_IMPROPERLY_CONFIGURED';
  /** One sentence each, in the order of the options. */
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], options?: CodexRedisErrorOptions) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(
      list.length === 1
        ? String(list[0])
        : `${list.length} settings of CodexRedisModule are wrong:\n${list.map((problem) => `  - ${problem}`).join('\n')}`,
      options,
    );
    this.problems = list;
  }
}
