import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { ReadThroughOptions } from '../../../../lib/config/read-through-options.js';
import type { KeptKeys, KeptWrite } from '../../../../lib/store/kept-entry.js';
import {
  CacheHistory,
  type Fault,
  type HistoryOptions,
} from '../../../support/cache-history/cache-history.js';
import { entriesFirst, isCompanion, withVerbs } from '../../../support/cache-history/faults.js';

type StoreFault = NonNullable<Fault['store']>;

/** Moves the timers, which are faked. */
const advance = (ms: number): void => {
  jest.advanceTimersByTime(ms);
};

const choices = fc.array(fc.nat(2 ** 24), { minLength: 60, maxLength: 120 });

const GRACE: ReadThroughOptions = { grace: 3600, retryAfter: 0 };

/** Violations of random histories, which are the same ones each time. */
const violationsOf = async (wanted: RegExp, options: HistoryOptions): Promise<string[]> => {
  for (const each of fc.sample(choices, { numRuns: 1500, seed: 2 })) {
    const history = new CacheHistory(options);
    await history.run(each);
    const found = history.violations.filter((violation) => wanted.test(violation));
    if (found.length > 0) return found;
  }
  return [];
};

const expectNone = (history: CacheHistory): void => {
  if (history.violations.length > 0) throw new Error([...history.violations, ...history.log].join('\n'));
};

describe('Random histories of two processes, another program, time and eviction', () => {
  it.each([
    [{ grace: 3600, retryAfter: 0 }],
    [{ grace: 100, retryAfter: 30 }],
    [{ grace: 3600, softTimeout: 0, retryAfter: 0 }],
    [{ grace: 3600, refreshAhead: 0.5 }],
    [{ refreshAhead: 0.3 }],
  ])(
    'RT8 RT15 nothing is undone, and nothing stale is served after a write or delete: %j',
    async (options) => {
      await fc.assert(
        fc.asyncProperty(choices, async (each) => {
          const history = new CacheHistory({ readThrough: options });
          await history.run(each);
          expectNone(history);
        }),
        { numRuns: 60, endOnFailure: true },
      );
    },
    60_000,
  );

  it.each<[string, RegExp, StoreFault]>([
    [
      'set-if-absent over a stale text',
      /^undone/,
      withVerbs((store) => ({
        writeKept: (keys: KeptKeys, write: KeptWrite) =>
          store.writeKept(keys, write.over.kind === 'stale' ? { ...write, over: { kind: 'absent' } } : write),
      })),
    ],
    [
      'a companion that a delete leaves',
      /^stale/,
      withVerbs((store) => ({
        deleteMany: (keys) => store.deleteMany(keys.filter((key) => !isCompanion(key))),
      })),
    ],
    ['an entry that is removed before its companion', /^undone/, entriesFirst],
    [
      'a walk that deletes the entries only',
      /^stale/,
      withVerbs((store) => ({
        scan: async function* (glob) {
          if (!isCompanion(glob)) yield* store.scan(glob);
        },
      })),
    ],
  ])(
    'show %s',
    async (_, wanted, fault) => {
      expect(await violationsOf(wanted, { readThrough: GRACE, fault: { store: fault } })).not.toEqual([]);
    },
    60_000,
  );
});

describe('Random histories of two processes that share flights', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const SHARED = { singleFlight: 'shared', retryAfter: 0, wait: 30 } as const;

  it.each<[ReadThroughOptions]>([
    [SHARED],
    [{ ...SHARED, wait: 1 }],
    [{ ...SHARED, grace: 3600 }],
    [{ ...SHARED, grace: 3600, softTimeout: 0 }],
    [{ ...SHARED, grace: 100, refreshAhead: 0.5, retryAfter: 30 }],
  ])(
    'RT18 a run that began before a write or delete is not stored after it, a cold one neither: %j',
    async (options) => {
      await fc.assert(
        fc.asyncProperty(choices, async (each) => {
          const history = new CacheHistory({ readThrough: options, timers: advance });
          await history.run(each);
          expectNone(history);
        }),
        { numRuns: 40, endOnFailure: true },
      );
    },
    60_000,
  );

  it.each<[string, RegExp, StoreFault]>([
    [
      'a joiner of an older run, whose lease a delete leaves',
      /^(stale|undone)/,
      withVerbs((store) => ({
        deleteMany: (keys) => store.deleteMany(keys.filter((key) => !key.includes(':lease:'))),
      })),
    ],
    [
      'a run that publishes without its lease',
      /^undone/,
      withVerbs((store) => ({
        writeKept: (keys: KeptKeys, { value, ttl, grace, over }: KeptWrite) =>
          store.writeKept(keys, { value, ttl, grace, over }),
      })),
    ],
    ['a lease that is removed after its entry', /^undone/, entriesFirst],
  ])(
    'show %s',
    async (_, wanted, fault) => {
      const options = { readThrough: SHARED, fault: { store: fault }, timers: advance };
      expect(await violationsOf(wanted, options)).not.toEqual([]);
    },
    60_000,
  );
});
