import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { ReadThroughOptions } from '../../../../lib/config/read-through-options.js';
import type { KeptKeys, KeptWrite } from '../../../../lib/store/kept-entry.js';
import { CacheHistory, type Fault } from '../../../support/cache-history/cache-history.js';
import { isCompanion, withFlights, withVerbs } from '../../../support/cache-history/faults.js';
import { cacheEvents } from '../../../support/cache-events.js';
import { roundsOf } from '../../../support/long-run.js';
import { CACHE_OUTCOMES } from '../../../support/outcomes/cache-outcomes.js';
import { drivenOf } from '../../../support/outcomes/driving.js';

/** What a cache with tags can do besides, in every combination. */
const readThrough: fc.Arbitrary<ReadThroughOptions> = fc
  .record({
    singleFlight: fc.constantFrom<('shared' | undefined)[]>('shared', undefined),
    wait: fc.constantFrom(1, 30),
    grace: fc.constantFrom(0, 100, 3600),
    softTimeout: fc.constantFrom(undefined, 0),
    retryAfter: fc.constantFrom(0, 30),
    refreshAhead: fc.constantFrom(undefined, 0.5),
  })
  .map(({ singleFlight, softTimeout, refreshAhead, ...others }) => ({
    ...others,
    ...(singleFlight && { singleFlight }),
    ...(softTimeout !== undefined && { softTimeout }),
    ...(refreshAhead !== undefined && { refreshAhead }),
  }));

const histories = fc.record({
  readThrough,
  choices: fc.array(fc.nat(2 ** 24), { minLength: 80, maxLength: 160 }),
});

interface Drawn {
  readonly readThrough: ReadThroughOptions;
  readonly choices: readonly number[];
}

const played = async ({ readThrough, choices }: Drawn, fault: Fault = {}): Promise<CacheHistory> => {
  const timers = (ms: number): void => {
    jest.advanceTimersByTime(ms);
  };
  const history = new CacheHistory({ readThrough, fault, timers, tags: true, processes: 3 });
  await history.run(choices);
  // what still waits would wait on through all later histories: its own clock stands still now
  jest.clearAllTimers();
  return history;
};

describe('Random histories of three processes with all features of a cache, another program, time and eviction', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('TG8 nothing invalidated, deleted or overwritten is given to a later call or comes back', async () => {
    const met = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(histories, async (drawn) => {
        const history = await played(drawn);
        if (history.violations.length > 0)
          throw new Error([...history.violations, ...history.log].join('\n'));
        for (const [outcome, count] of history.outcomes) met.set(outcome, (met.get(outcome) ?? 0) + count);
      }),
      // one in 37 gives a stale value: among 600 there is none in one run of ten million
      { numRuns: roundsOf(20_000, 600), endOnFailure: true },
    );
    // a history in which nothing happens would show nothing
    const wanted = ['hits', 'stale', 'misses', 'joined', 'waited', 'fenced'];
    expect(wanted.filter((outcome) => (met.get(outcome) ?? 0) === 0)).toEqual([]);
  }, 600_000);

  it('OB1 no operation has an outcome that the table of outcomes does not have', async () => {
    const events = cacheEvents();
    try {
      const property = fc.asyncProperty(histories, async (drawn) => {
        await played(drawn);
      });
      await fc.assert(property, { numRuns: roundsOf(2000, 120) });
    } finally {
      events.end();
    }
    const pairs = new Set(events.all.map(({ operation, outcome }) => `${operation} ${outcome}`));
    const known = drivenOf(CACHE_OUTCOMES).map(({ operation, outcome }) => `${operation} ${outcome}`);
    expect([...pairs].filter((pair) => !known.includes(pair))).toEqual([]);
    // a history in which nothing happens would show nothing
    expect([...pairs].filter((pair) => pair.startsWith('getOrSet ')).length).toBeGreaterThan(4);
  }, 600_000);

  // each beside the features that it is met with soonest
  it.each<[string, RegExp, ReadThroughOptions, Fault]>([
    [
      'a token that is taken after the run',
      /^invalid/,
      { refreshAhead: 0.5 },
      {
        store: withVerbs((store) => ({
          writeKept: async (keys: KeptKeys, write: KeptWrite) => {
            const { t = {} } = JSON.parse(write.tokens ?? '{}') as { t?: Record<string, string> };
            const tags = Object.keys(t);
            if (tags.length === 0) return await store.writeKept(keys, write);
            const late = await store.takeTokens(
              tags.map((tag) => `app:tag:${tag}`),
              60_000,
            );
            const tokens = JSON.stringify({
              n: String(late),
              t: Object.fromEntries(tags.map((tag, i) => [tag, late[i]])),
            });
            return await store.writeKept(keys, { ...write, tokens });
          },
        })),
      },
    ],
    [
      'set-if-absent over a dead entry',
      /^(undone|overwritten)/,
      { refreshAhead: 0.5 },
      {
        store: withVerbs((store) => ({
          writeKept: async (keys: KeptKeys, write: KeptWrite) => {
            const isGone = write.over.kind === 'dead' && !(await store.has(keys.entry));
            return await store.writeKept(keys, isGone ? { ...write, over: { kind: 'absent' } } : write);
          },
        })),
      },
    ],
    [
      'a companion that a delete leaves',
      /^stale/,
      { grace: 3600, softTimeout: 0, retryAfter: 0 },
      {
        store: withVerbs((store) => ({
          deleteMany: (keys) => store.deleteMany(keys.filter((key) => !isCompanion(key))),
        })),
      },
    ],
    [
      'a missing token that counts as valid',
      /^invalid/,
      {},
      {
        store: (store) => {
          const last = new Map<string, string>();
          return withVerbs(() => ({
            getMany: async (keys) =>
              (await store.getMany(keys)).map((text, i) => {
                const key = keys[i]!;
                if (!key.startsWith('app:tag:')) return text;
                if (text !== null) last.set(key, text);
                return last.get(key) ?? null;
              }),
          }))(store);
        },
      },
    ],
    [
      'a joiner of an older run',
      /^invalid/,
      {},
      { flights: withFlights((board) => (...given) => ({ ...board(...given), isLate: false })) },
    ],
  ])(
    'show %s',
    async (_, wanted, readThrough, fault) => {
      for (const { choices } of fc.sample(histories, { numRuns: 2000, seed: 11 })) {
        const { violations } = await played({ readThrough, choices }, fault);
        if (violations.some((violation) => wanted.test(violation))) return;
      }
      throw new Error('no history showed it');
    },
    600_000,
  );
});
