import type { Clock } from '../../common/clock.js';
import { RedisServiceError } from '../../errors/redis.errors.js';
import type { HitOutcome, HitRule } from '../rate-limit.js';
import type { TimeToLive } from '../time-to-live.js';

/** The hits under one key. Times in milliseconds since the Unix epoch. */
export interface RateLimit {
  /** The times at which the hits stop counting, in order. */
  readonly expirations: readonly number[];
  readonly windowEndsAt: number;
  /** 0 when not blocked. */
  readonly blockEndsAt: number;
}

/** The part of a MemoryStore's entries that rate limits need. */
interface Entries {
  get(key: string): string | object | undefined;
  set(key: string, limit: RateLimit, ttl: TimeToLive): void;
}

/** The verb for rate limits. */
export class RateLimits {
  constructor(
    private readonly entries: Entries,
    private readonly clock: Clock,
  ) {}

  /** @throws RedisServiceError (WRONGTYPE) for an entry that is no rate limit */
  hit(key: string, rule: HitRule): HitOutcome {
    const before = this.entries.get(key);
    if (before !== undefined && !isRateLimit(before)) throw new RedisServiceError('WRONGTYPE');
    const now = this.clock.now();
    const after = countHit(before, rule, now);
    this.entries.set(key, after, forgottenAt(after) - now);
    return hitOutcome(before, after, rule, now);
  }
}

/** The state after one more hit: what @nestjs/throttler's own storage makes of it. */
const countHit = (before: RateLimit | undefined, rule: HitRule, now: number): RateLimit => {
  const counting = (before?.expirations ?? []).filter((expiresAt) => expiresAt > now);
  const counted = [...counting, now + rule.windowMs].sort((one, other) => one - other);
  const windowEndsAt =
    before !== undefined && before.windowEndsAt > now ? before.windowEndsAt : now + rule.windowMs;
  const blockEndsAt = before?.blockEndsAt ?? 0;
  if (rule.blockMs <= 0)
    return { expirations: counting.length < rule.limit ? counted : counting, windowEndsAt, blockEndsAt };
  if (blockEndsAt > now) return { expirations: counting, windowEndsAt, blockEndsAt };
  if (blockEndsAt > 0) return { expirations: [now + rule.windowMs], windowEndsAt, blockEndsAt: 0 };
  return {
    expirations: counted,
    windowEndsAt,
    blockEndsAt: counted.length > rule.limit ? now + rule.blockMs : 0,
  };
};

/** The answer to a hit that led from `before` to `after`. */
const hitOutcome = (
  before: RateLimit | undefined,
  after: RateLimit,
  rule: HitRule,
  now: number,
): HitOutcome => {
  const windowRemainingMs = after.windowEndsAt - now;
  const hits = after.expirations.length;
  if (rule.blockMs > 0) {
    const blocked = after.blockEndsAt > now;
    return { hits, windowRemainingMs, blocked, blockRemainingMs: blocked ? after.blockEndsAt - now : 0 };
  }
  // Without a block of its own, a refused hit is not kept; it waits until the oldest one stops counting.
  const blocked = (before?.expirations ?? []).filter((expiresAt) => expiresAt > now).length >= rule.limit;
  const [oldest] = after.expirations;
  const wait = oldest === undefined ? windowRemainingMs : oldest - now;
  return {
    hits: blocked ? hits + 1 : hits,
    windowRemainingMs,
    blocked,
    blockRemainingMs: blocked ? wait : 0,
  };
};

/** The time from which nothing of it matters any more. */
const forgottenAt = (limit: RateLimit): number =>
  Math.max(limit.windowEndsAt, limit.blockEndsAt, limit.expirations.at(-1) ?? 0);

/** True if the value of an entry counts hits. */
export const isRateLimit = (value: string | object): value is RateLimit =>
  typeof value === 'object' && 'expirations' in value;
