import fc from 'fast-check';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';
import { describeOnEveryStore, type StoreContext } from '../support/store-suite.js';
import { ThrottlerReference } from '../support/throttler-reference.js';

/** One request, or the passing of whole minutes. */
type Step = { readonly hit: string; readonly rule: Rule } | { readonly minutes: number };

interface Rule {
  readonly ttl: number;
  readonly limit: number;
  readonly block: number;
}

const MINUTE = 60_000;

/** On Redis real time goes by as well; this much may, in seconds. */
const SLACK = 25;

const storageOf = (store: KeyValueStore, context: StoreContext): CodexRedisThrottlerStorage => {
  const settings = resolveSettings({ url: 'memory:', cache: { keyPrefix: context.prefix } });
  return new CodexRedisThrottlerStorage(store, settings);
};

describeOnEveryStore('rate limits', (context) => {
  let theirs: ThrottlerReference;
  let now = 0;

  beforeAll(() => {
    theirs = new ThrottlerReference();
  });
  afterAll(() => theirs.stop());

  /** Lets time pass for the module: the clock of the embedded store moves, on Redis what is stored grows older. */
  const elapse = async (minutes: number): Promise<void> => {
    now += minutes * MINUTE;
    if (context.store instanceof MemoryStore) await context.elapseRedisKey('', minutes * MINUTE);
    else for (const key of await context.redisKeys()) await growOlder(key, minutes * MINUTE);
  };

  const growOlder = async (key: string, ms: number): Promise<void> => {
    const left = Number(await context.command(key, 'PTTL', key));
    const entries = (await context.command(key, 'LRANGE', key, '0', '-1')) as string[];
    const aged = entries.map((entry) =>
      entry
        .split(':')
        .map((time) => String(Math.max(Number(time) - ms, Number(time) === 0 ? 0 : 1)))
        .join(':'),
    );
    await context.command(key, 'DEL', key);
    if (left <= ms) return;
    await context.command(key, 'RPUSH', key, ...aged);
    await context.command(key, 'PEXPIRE', key, String(left - ms));
  };

  const isNear = (actual: number, expected: number): void => {
    expect(actual).toBeLessThanOrEqual(expected);
    expect(actual).toBeGreaterThanOrEqual(Math.max(0, expected - SLACK));
  };

  // Half minutes beside whole ones that pass: no step stands on an edge.
  const minutesUpTo = (max: number): fc.Arbitrary<number> =>
    fc.integer({ min: 1, max }).map((minutes) => (minutes + 0.5) * MINUTE);
  const ruleWith = (block: fc.Arbitrary<number>): fc.Arbitrary<Rule> =>
    fc.record({ ttl: minutesUpTo(6), limit: fc.integer({ min: 1, max: 4 }), block });
  const [without, withBlock] = [ruleWith(fc.constant(0)), ruleWith(minutesUpTo(9))];
  const stepsUnder = (rules: fc.Arbitrary<Rule>): fc.Arbitrary<Step[]> =>
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.record({ hit: fc.constantFrom('a', 'b'), rule: rules }) },
        { weight: 1, arbitrary: fc.record({ minutes: fc.integer({ min: 1, max: 8 }) }) },
      ),
      { maxLength: 25 },
    );

  it.each([
    ['one rule', fc.oneof(without, withBlock).chain((rule) => stepsUnder(fc.constant(rule)))],
    ['rules that change', fc.oneof(stepsUnder(without), stepsUnder(withBlock))],
  ])('count, block and forget as the storage of @nestjs/throttler does, under %s', async (_, sequences) => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(sequences, async (steps) => {
        const ours = storageOf(context.store, context);
        const name = `run${(run += 1)}`;
        for (const each of steps) {
          if ('minutes' in each) await elapse(each.minutes);
          else {
            const { ttl, limit, block } = each.rule;
            const expected = await theirs.increment(now, `${name}:${each.hit}`, ttl, limit, block, name);
            const actual = await ours.increment(each.hit, ttl, limit, block, name);
            expect(actual).toMatchObject({ totalHits: expected.totalHits, isBlocked: expected.isBlocked });
            isNear(actual.timeToExpire, expected.timeToExpire);
            isNear(actual.timeToBlockExpire, expected.isBlocked ? expected.timeToBlockExpire : 0);
          }
        }
        await context.store.deleteMany(await context.redisKeys());
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [60_000, Infinity],
    [Infinity, 60_000],
    [Infinity, Infinity],
    [Infinity, 0],
    [Number.MAX_VALUE, 60_000.5],
  ])('CN13 with a ttl of %p and a block of %p end as those of @nestjs/throttler do', async (ttl, block) => {
    const ours = storageOf(context.store, context);
    for (let i = 0; i < 4; i++) {
      const expected = await theirs.increment(now, `endless ${ttl} ${block}`, ttl, 2, block, 'endless');
      const actual = await ours.increment('endless', ttl, 2, block, 'endless');
      expect(actual).toMatchObject({ totalHits: expected.totalHits, isBlocked: expected.isBlocked });
      if (ttl === Infinity) expect(actual.timeToExpire).toBe(Infinity);
      if (block === Infinity && actual.isBlocked) expect(actual.timeToBlockExpire).toBe(Infinity);
    }
  });

  it('start afresh over what no hit can have written', async () => {
    if (context.store instanceof MemoryStore) return;
    const key = `${context.prefix}:throttle:default:k`;
    await context.command(key, 'RPUSH', key, 'inf:0', 'inf');
    const record = await storageOf(context.store, context).increment('k', 60_000, 2, 0, 'default');
    expect(record).toMatchObject({ totalHits: 1, isBlocked: false, timeToExpire: 60 });
  });

  it('keep names and keys apart', async () => {
    const storage = storageOf(context.store, context);
    await storage.increment('a', 60_000, 5, 0, 'short');
    expect((await storage.increment('a', 60_000, 5, 0, 'long')).totalHits).toBe(1);
    expect((await storage.increment('b', 60_000, 5, 0, 'short')).totalHits).toBe(1);
    expect((await storage.increment('a', 60_000, 5, 0, 'short')).totalHits).toBe(2);
  });

  it('lose no hit of many processes at once', async () => {
    const storages = [storageOf(context.store, context), storageOf(context.other, context)];
    const records = await Promise.all(
      Array.from({ length: 60 }, (_, i) => storages[i % 2]!.increment('k', 60_000, 20, 60_000, 'default')),
    );
    expect(records.filter(({ isBlocked }) => !isBlocked)).toHaveLength(20);
  });

  it('are out of reach of clear()', async () => {
    await storageOf(context.store, context).increment('k', 60_000, 5, 0, 'default');
    expect(await context.cache.clear()).toBe(0);
    expect(await context.redisKeys()).toEqual([`${context.prefix}:throttle:default:k`]);
  });

  it('can be made of add and incr alone, as django-ratelimit does', async () => {
    const allowed = async (limit: number): Promise<boolean> => {
      await context.cache.add('rl:ip', 0, 60);
      return (await context.cache.incr('rl:ip')) <= limit;
    };
    const answers = await Promise.all(Array.from({ length: 30 }, () => allowed(10)));
    expect(answers.filter(Boolean)).toHaveLength(10);
    expect(await context.cache.ttl('rl:ip')).toBeGreaterThan(50);
    await context.elapse('rl:ip', 61);
    expect(await allowed(10)).toBe(true);
  });
});
