import fc from 'fast-check';
import type { HitOutcome } from '../../lib/store/rate-limit.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const LARGEST = Number.MAX_SAFE_INTEGER;

describeOnEveryStore('KeyValueStore.incrementIfPresent', (context) => {
  const key = (): string => `${context.prefix}:k`;

  it('adds to an integer and keeps its expiry', async () => {
    await context.store.set(key(), '41', 60_000);
    expect(await context.store.incrementIfPresent(key(), 1)).toEqual({ outcome: 'done', value: '42' });
    expect(await context.store.incrementIfPresent(key(), -100)).toEqual({ outcome: 'done', value: '-58' });
    expect(await context.store.get(key())).toBe('-58');
    expect(await context.store.remaining(key())).toBeGreaterThan(50_000);
  });

  it('creates nothing', async () => {
    expect(await context.store.incrementIfPresent(key(), 1)).toEqual({ outcome: 'missing' });
    expect(await context.store.has(key())).toBe(false);
  });

  it.each([
    '',
    ' ',
    'abc',
    '1.5',
    '1e3',
    '+1',
    '01',
    '-0',
    ' 1',
    '1 ',
    '0x10',
    'null',
    'true',
    '"1"',
    '[1]',
    '1\n',
  ])('refuses %j', async (text) => {
    await context.store.set(key(), text, null);
    expect(await context.store.incrementIfPresent(key(), 1)).toEqual({ outcome: 'not-an-integer' });
    expect(await context.store.get(key())).toBe(text);
  });

  it.each([
    [String(LARGEST), 1],
    [String(-LARGEST), -1],
    ['1', LARGEST],
    ['9007199254740992', -1],
    ['9007199254740993', -2],
    ['9223372036854775807', 1],
    ['99999999999999999999999', 1],
    ['-99999999999999999999999', 1],
  ])('never rounds: %s and %d', async (text, delta) => {
    await context.store.set(key(), text, null);
    expect(await context.store.incrementIfPresent(key(), delta)).toEqual({ outcome: 'out-of-range' });
    expect(await context.store.get(key())).toBe(text);
  });

  it('counts as integers are added, up to the last one', async () => {
    const integer = fc.maxSafeInteger();
    await fc.assert(
      fc.asyncProperty(integer, integer, async (before, delta) => {
        await context.store.set(key(), String(before), null);
        const sum = BigInt(before) + BigInt(delta);
        const inRange = sum <= BigInt(LARGEST) && sum >= -BigInt(LARGEST);
        expect(await context.store.incrementIfPresent(key(), delta)).toEqual(
          inRange ? { outcome: 'done', value: String(sum) } : { outcome: 'out-of-range' },
        );
        expect(await context.store.get(key())).toBe(inRange ? String(sum) : String(before));
      }),
    );
  });

  it('loses none of many at once', async () => {
    await context.store.set(key(), '0', null);
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? context.store : context.other).incrementIfPresent(key(), 3),
      ),
    );
    expect(await context.store.get(key())).toBe('300');
  });
});

describeOnEveryStore('KeyValueStore.hit', (context) => {
  const key = (): string => `${context.prefix}:limit`;
  const rule = { windowMs: 60_000, limit: 3, blockMs: 120_000 };
  const hits = async (count: number, given = rule): Promise<HitOutcome[]> => {
    const outcomes: HitOutcome[] = [];
    for (let i = 0; i < count; i++) outcomes.push(await context.store.hit(key(), given));
    return outcomes;
  };

  it('counts up to the limit, then blocks and counts no further', async () => {
    const outcomes = await hits(6);
    expect(outcomes.map((outcome) => outcome.hits)).toEqual([1, 2, 3, 4, 4, 4]);
    expect(outcomes.map((outcome) => outcome.blocked)).toEqual([false, false, false, true, true, true]);
  });

  it('says how long the window and the block last', async () => {
    const outcomes = await hits(4);
    for (const { windowRemainingMs } of outcomes) {
      expect(windowRemainingMs).toBeGreaterThan(50_000);
      expect(windowRemainingMs).toBeLessThanOrEqual(60_000);
    }
    expect(outcomes.slice(0, 3).map((outcome) => outcome.blockRemainingMs)).toEqual([0, 0, 0]);
    expect(outcomes[3]!.blockRemainingMs).toBeGreaterThan(110_000);
    expect(outcomes[3]!.blockRemainingMs).toBeLessThanOrEqual(120_000);
  });

  it('without a block time refuses until the oldest hit no longer counts', async () => {
    const outcomes = await hits(5, { ...rule, blockMs: 0 });
    expect(outcomes.map((outcome) => outcome.hits)).toEqual([1, 2, 3, 4, 4]);
    expect(outcomes.map((outcome) => outcome.blocked)).toEqual([false, false, false, true, true]);
    expect(outcomes[2]!.blockRemainingMs).toBe(0);
    expect(outcomes[4]!.blockRemainingMs).toBeGreaterThan(50_000);
    expect(outcomes[4]!.blockRemainingMs).toBeLessThanOrEqual(60_000);
  });

  it('blocks the first hit where the limit is 0', async () => {
    const [first] = await hits(1, { ...rule, limit: 0 });
    expect(first).toMatchObject({ hits: 1, blocked: true });
  });

  it('keeps keys apart', async () => {
    await hits(4);
    const other = await context.store.hit(`${context.prefix}:other`, rule);
    expect(other).toMatchObject({ hits: 1, blocked: false, blockRemainingMs: 0 });
  });

  it('counts each of many hits at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 ? context.store : context.other).hit(key(), { ...rule, limit: 30 }),
      ),
    );
    expect(outcomes.filter(({ blocked }) => !blocked)).toHaveLength(30);
    expect(
      outcomes
        .map((outcome) => outcome.hits)
        .slice(0, 40)
        .sort((a, b) => a - b)
        .slice(0, 30),
    ).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it('keeps no entry longer than it matters', async () => {
    await hits(1);
    expect(await context.store.remaining(key())).toBeLessThanOrEqual(60_000);
    await hits(3);
    const left = await context.store.remaining(key());
    expect(left).toBeGreaterThan(60_000);
    expect(left).toBeLessThanOrEqual(120_000);
  });
});
