import fc from 'fast-check';
import { CacheService } from '../../lib/cache/cache.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { optionRows } from '../../lib/config/option.js';
import { moduleOptions } from '../../lib/config/options.js';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';
import { failureOf } from '../support/blamed-line.js';
import { sessionSettings } from '../support/sessions.js';

/** Options that say nothing. */
const NONE = {};
/** What no script could count or wait with. */
const WRONG: readonly unknown[] = [NaN, Infinity, -Infinity, 1e300, '1', '1e3', NONE, [5], true, 5n];
/** What a limit may be, as in the storage of @nestjs/throttler. */
const ENDLESS: readonly unknown[] = [Infinity, -Infinity, 1e300];

describe('A number', () => {
  const asked: string[] = [];
  const embedded = new MemoryStore();
  const store = new Proxy<KeyValueStore>(embedded, {
    get: (target, verb) => {
      const member: unknown = Reflect.get(target, verb, target);
      return typeof member !== 'function'
        ? member
        : (...args: unknown[]): unknown => {
            asked.push(String(verb));
            return Reflect.apply(member, target, args) as unknown;
          };
    },
  });
  const settings = resolveSettings({
    url: 'memory:',
    cache: {
      keyPrefix: 'shop',
      tags: true,
      readThrough: { grace: 60, refreshAhead: 0.5, singleFlight: 'shared' },
    },
  });
  const cache = new CacheService(store, settings.cache, new JsonSerializer());
  const session = new SessionService(store, sessionSettings(), systemClock).open();
  const limits = new CodexRedisThrottlerStorage(store, settings);
  const reading = (option: string, wrong: unknown): Promise<unknown> =>
    cache.getOrSet('k', () => 1, { [option]: wrong });

  afterAll(() => embedded.close());

  it.each<[what: string, call: (wrong: never) => unknown, besides?: readonly unknown[]]>([
    ['the timeout of set', (wrong) => cache.set('k', 1, wrong), [NONE]],
    ['the timeout of add', (wrong) => cache.add('k', 1, { timeout: wrong })],
    ['the timeout of setMany', (wrong) => cache.setMany({ k: 1 }, wrong), [NONE]],
    ['the timeout of getOrSet', (wrong) => reading('timeout', wrong)],
    [
      'the timeout of getOrSetMany',
      (wrong) => cache.getOrSetMany(['k'], () => ({ k: 1 }), { timeout: wrong }),
    ],
    ['the timeout of touch', (wrong) => cache.touch('k', wrong), [NONE]],
    ['the timeout of expire', (wrong) => cache.expire('k', wrong)],
    ['the time of expireAt', (wrong) => cache.expireAt('k', wrong)],
    ['the time of an invalid date', () => cache.expireAt('k', new Date(NaN))],
    ['grace', (wrong) => reading('grace', wrong)],
    ['softTimeout', (wrong) => reading('softTimeout', wrong)],
    ['retryAfter', (wrong) => reading('retryAfter', wrong)],
    ['refreshAhead', (wrong) => reading('refreshAhead', wrong)],
    ['jitter', (wrong) => reading('jitter', wrong)],
    ['nullTimeout', (wrong) => reading('nullTimeout', wrong)],
    ['factoryTimeout', (wrong) => reading('factoryTimeout', wrong)],
    ['the lease of getOrSet', (wrong) => reading('lease', wrong)],
    ['the wait of getOrSet', (wrong) => reading('wait', wrong)],
    ['the delta of incr', (wrong) => cache.incr('k', wrong)],
    ['the delta of decr', (wrong) => cache.decr('k', wrong)],
    ['the delta of incrVersion', (wrong) => cache.incrVersion('k', wrong)],
    ['the delta of decrVersion', (wrong) => cache.decrVersion('k', wrong)],
    ['a version', (wrong) => cache.set('k', 1, { version: wrong })],
    ['a version and a delta beyond it', () => cache.incrVersion('k', 2, { version: 2 ** 53 - 2 })],
    ['the lease of withLock', (wrong) => cache.withLock('k', () => 1, { lease: wrong })],
    ['the wait of withLock', (wrong) => cache.withLock('k', () => 1, { wait: wrong })],
    ['setExpiry', (wrong) => session.setExpiry(wrong)],
    ['the expiry entry', (wrong) => session.set('_session_expiry', wrong)],
    ['increment', (wrong) => session.increment('n', wrong)],
    ['the ttl of a rate limit', (wrong) => limits.increment('k', wrong, 1, 0, 'n'), ENDLESS],
    ['its limit', (wrong) => limits.increment('k', 1, wrong, 0, 'n'), ENDLESS],
    ['its block', (wrong) => limits.increment('k', 1, 1, wrong, 'n'), ENDLESS],
  ])('CN13 is checked before anything is sent: %s', async (_, call, besides = []) => {
    for (const wrong of WRONG) {
      if (besides.includes(wrong)) continue;
      asked.length = 0;
      const error = await failureOf(() => call(wrong as never));
      expect([TypeError, RangeError]).toContain((error as Error).constructor);
      expect(asked).toEqual([]);
    }
  });

  it('CN13 that a function makes of a value is checked before that is stored', async () => {
    for (const wrong of WRONG) {
      await failureOf(() => cache.getOrSet('k', () => 1, { timeout: () => wrong as never }));
      expect(await cache.has('k')).toBe(false);
    }
  });

  it('CN13 in the settings is checked at the start: whatever an option takes has an end', () => {
    const options = optionRows(moduleOptions).filter(({ kind }) => [0, 0.5, 1, 60].some(kind.accepts));
    expect(options.length).toBeGreaterThan(20);
    for (const { path, kind } of options) {
      const taken = WRONG.filter((wrong) => typeof wrong !== 'object' && kind.accepts(wrong));
      expect([path, taken]).toEqual([path, []]);
      fc.assert(
        fc.property(fc.double(), (value) => {
          if (!kind.accepts(value)) return;
          const settled = Number(kind.settle(value));
          expect(Math.abs(settled)).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
        }),
      );
    }
  });
});
