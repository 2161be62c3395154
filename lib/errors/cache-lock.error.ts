import { CodexRedisError } from './codex-redis.error.js';

/** A lock could not be taken, or was lost while its work was running. */
export class CacheLockError extends CodexRedisError {
  override readonly name: string = 'CacheLockError';
  readonly code = 'CODEX_REDIS_CACHE_LOCK';

  /**
   * @param reason `busy`: somebody else held the lock for as long as the call waited. `lost`: the lock could not be renewed,
   *   so somebody else may hold it; the work may have been done in part.
   */
  constructor(
    readonly lock: string,
    readonly reason: 'busy' | 'lost',
  ) {
    super(`withLock: the lock ${JSON.stringify(lock)} ${EXPLANATIONS[reason]}`);
  }
}

const EXPLANATIONS = {
  busy: 'is held by somebody else; try again later, or raise wait',
  lost: 'was lost before its work was done; let the work heed the signal it is given, or raise lease',
};
