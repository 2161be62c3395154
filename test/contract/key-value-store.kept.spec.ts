import { companionKey } from '../../lib/store/companion-key.js';
import type { KeptKeys, KeptWrite, Look, Over } from '../../lib/store/kept-entry.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const MINUTE = 60_000;
const LASTS = { grace: 100 * MINUTE, lastsMs: 31_000 };

describeOnEveryStore('KeyValueStore, entries with companions', (context) => {
  let keys: KeptKeys;

  beforeEach(() => {
    const entry = `${context.prefix}:1:k`;
    keys = { entry, grace: companionKey(context.prefix, 'grace', entry) };
  });

  const write = (
    value: string | null,
    over: Over = { kind: 'anything' },
    changes: Partial<KeptWrite> = {},
  ): ReturnType<KeyValueStore['writeKept']> =>
    context.store.writeKept(keys, { value, ttl: MINUTE, grace: 10 * MINUTE, over, ...changes });

  const look = (): Promise<Look> => context.store.lookUpKept(keys, LASTS);

  const nonce = async (): Promise<string> => {
    const found = await look();
    return found.state === 'missing' ? '' : found.nonce;
  };

  const text = (): Promise<string | null> => context.store.get(keys.entry);

  const expire = (): Promise<void> => context.elapseKept(keys, MINUTE);

  const companionLeft = async (): Promise<number | null | undefined> => context.store.remaining(keys.grace);

  it('RT5 after its timeout an entry is gone for every other verb; its text is still found', async () => {
    expect(await write('old')).toEqual({ outcome: 'stored' });
    expect(await look()).toMatchObject({ state: 'stands', text: 'old', isDue: false });
    expect(await context.store.remaining(keys.entry)).toBeLessThanOrEqual(MINUTE);
    await expire();
    expect(await text()).toBeNull();
    expect(await context.store.has(keys.entry)).toBe(false);
    expect(await look()).toMatchObject({ state: 'stale', text: 'old' });
    await context.elapseKept(keys, 10 * MINUTE - 1000);
    expect(await look()).toMatchObject({ state: 'stale', text: 'old' });
    await context.elapseKept(keys, 1000);
    expect(await look()).toMatchObject({ state: 'stale', text: null });
    await context.elapseKept(keys, MINUTE);
    expect(await look()).toEqual({ state: 'missing' });
  });

  it('a text and its companion may hold anything', async () => {
    for (const value of ['', 'plain', 'größer 🙂 "quotes" \\', '\0\r\n', 'x'.repeat(100_000)]) {
      await write(value);
      expect(await look()).toMatchObject({ state: 'stands', text: value });
      await expire();
      expect(await look()).toMatchObject({ state: 'stale', text: value });
    }
  });

  it('RT5 an entry that was deleted behind its back, or evicted, leaves nothing to be found', async () => {
    await write('old');
    await context.other.delete(keys.entry);
    expect(await look()).toEqual({ state: 'missing' });
    expect(await companionLeft()).toBeUndefined();
    await write('forever', { kind: 'anything' }, { ttl: null });
    await context.other.delete(keys.entry);
    expect(await look()).toEqual({ state: 'missing' });
    expect(await companionLeft()).toBeUndefined();
  });

  it('RT5 a look may ask for less of the grace', async () => {
    await write('old');
    await expire();
    const within = (grace: number): Promise<Look> => context.store.lookUpKept(keys, { ...LASTS, grace });
    await context.elapseKept(keys, 2 * MINUTE);
    expect(await within(3 * MINUTE)).toMatchObject({ state: 'stale', text: 'old' });
    expect(await within(2 * MINUTE)).toMatchObject({ state: 'stale', text: null });
    expect(await within(0)).toMatchObject({ state: 'stale', text: null });
  });

  it('a look lets the companion live for as long as a run may take', async () => {
    await write('old', { kind: 'anything' }, { grace: 1000 });
    await expire();
    await context.store.lookUpKept(keys, { ...LASTS, lastsMs: MINUTE });
    expect(await companionLeft()).toBeGreaterThan(MINUTE - 5000);
    await write('old', { kind: 'anything' }, { grace: 10 * MINUTE });
    await expire();
    await look();
    expect(await companionLeft()).toBeGreaterThan(5 * MINUTE);
  });

  it('each write draws another nonce, also of the same text', async () => {
    const nonces = new Set<string>();
    for (const grace of [0, MINUTE, MINUTE]) {
      await write('same', { kind: 'anything' }, { grace });
      nonces.add(await nonce());
    }
    await context.store.expireKept(keys, MINUTE);
    nonces.add(await nonce());
    expect(nonces.size).toBe(3);
    expect(nonces).not.toContain('');
  });

  it('without a grace a write removes the companion; with 0 it has no text', async () => {
    await write('old');
    await write('new', { kind: 'anything' }, { grace: null });
    expect(await companionLeft()).toBeUndefined();
    expect(await look()).toEqual({ state: 'stands', text: 'new', nonce: '', isDue: false });
    await write('new', { kind: 'anything' }, { grace: 0 });
    expect(await nonce()).not.toBe('');
    expect(await companionLeft()).toBeLessThanOrEqual(MINUTE);
  });

  it('over no entry: only where none stands, whatever the companion', async () => {
    expect(await write('one', { kind: 'absent' })).toEqual({ outcome: 'stored' });
    expect(await write('two', { kind: 'absent' })).toEqual({ outcome: 'stands', current: 'one' });
    await expire();
    expect(await write('three', { kind: 'absent' })).toEqual({ outcome: 'stored' });
    await expire();
    expect(await look()).toMatchObject({ state: 'stale', text: 'three' });
  });

  it('RT15 over nothing: only where neither an entry nor a companion is', async () => {
    expect(await write('one', { kind: 'nothing' })).toEqual({ outcome: 'stored' });
    expect(await write('two', { kind: 'nothing' })).toEqual({ outcome: 'stands', current: 'one' });
    await expire();
    expect(await write('three', { kind: 'nothing' })).toEqual({ outcome: 'changed' });
    expect(await look()).toMatchObject({ state: 'stale', text: 'one' });
  });

  it('RT15 over a stale text: only where nothing stands and the companion is the one that was read', async () => {
    await write('old');
    await expire();
    const over: Over = { kind: 'stale', nonce: await nonce() };
    expect(await write('wrong', { kind: 'stale', nonce: 'another' })).toEqual({ outcome: 'changed' });
    expect(await write('new', over)).toEqual({ outcome: 'stored' });
    expect(await write('late', over)).toEqual({ outcome: 'stands', current: 'new' });
    await context.store.deleteMany([keys.grace, keys.entry]);
    expect(await write('late', over)).toEqual({ outcome: 'changed' });
    expect(await text()).toBeNull();
  });

  it('RT15 over a standing text: only over this text and this companion', async () => {
    await write('old');
    const over = async (): Promise<Over> => ({ kind: 'standing', text: 'old', nonce: await nonce() });
    const before = await over();
    await write('old');
    expect(await write('late', before)).toEqual({ outcome: 'stands', current: 'old' });
    const now = await over();
    expect(await write('new', now)).toEqual({ outcome: 'stored' });
    expect(await write('later', now)).toEqual({ outcome: 'stands', current: 'new' });
    await context.other.set(keys.entry, 'old', MINUTE);
    expect(await write('late', now)).toEqual({ outcome: 'stands', current: 'old' });
    await context.other.delete(keys.entry);
    expect(await write('late', await over())).toEqual({ outcome: 'changed' });
  });

  it('RT15 over a text that stood until it expired meanwhile, and was not deleted', async () => {
    await write('old');
    const over: Over = { kind: 'standing', text: 'old', nonce: await nonce() };
    await expire();
    expect(await write('new', over)).toEqual({ outcome: 'stored' });
    const next: Over = { kind: 'standing', text: 'new', nonce: await nonce() };
    await context.other.delete(keys.entry);
    expect(await write('late', next)).toEqual({ outcome: 'changed' });
    await write('again');
    const gone: Over = { kind: 'standing', text: 'again', nonce: await nonce() };
    await expire();
    await context.store.deleteMany([keys.grace]);
    expect(await write('late', gone)).toEqual({ outcome: 'changed' });
    expect(await text()).toBeNull();
  });

  it('RT15 over a standing text without a companion, and without a look at it', async () => {
    await context.store.set(keys.entry, 'foreign', MINUTE);
    const over: Over = { kind: 'standing', text: 'foreign', nonce: '' };
    expect(await write('new', { ...over, text: 'other' })).toEqual({ outcome: 'stands', current: 'foreign' });
    expect(await write('new', over)).toEqual({ outcome: 'stored' });
    expect(await write('late', { ...over, text: 'new' })).toEqual({ outcome: 'stands', current: 'new' });
    expect(await write('newer', { kind: 'standing', text: 'new' })).toEqual({ outcome: 'stored' });
    await expire();
    expect(await write('late', { kind: 'standing', text: 'newer' })).toEqual({ outcome: 'changed' });
  });

  describe('over a marked text that is invalid', () => {
    const tokens = (n: string): string => JSON.stringify({ n, t: {} });

    const tagged = (value: string, over: Over, n: string): ReturnType<KeyValueStore['writeKept']> =>
      context.store.writeKept(keys, { value, ttl: MINUTE, grace: 10 * MINUTE, over, tokens: tokens(n) });

    beforeEach(async () => {
      const { entry } = keys;
      const lease = companionKey(context.prefix, 'lease', entry);
      keys = { ...keys, lease, tokens: companionKey(context.prefix, 'tokens', entry) };
      await tagged('1', { kind: 'anything' }, 'a');
    });

    it('RT15 only where its companion is the one that was read', async () => {
      const over = { kind: 'dead', tokens: tokens('a'), text: '1' } as const;
      await tagged('1', { kind: 'anything' }, 'b');
      expect(await tagged('2', over, 'c')).toMatchObject({ outcome: 'stands', current: '1' });
      expect(await tagged('2', { ...over, tokens: tokens('b') }, 'c')).toEqual({ outcome: 'stored' });
      expect(await text()).toBe('2 ');
    });

    it('RT15 without a companion only where the text is the one that was read: a later one may be half deleted', async () => {
      await context.store.delete(keys.tokens!);
      const over = { kind: 'dead', tokens: '', text: '1' } as const;
      expect(await tagged('1', over, 'b')).toEqual({ outcome: 'stored' });
      await tagged('2', { kind: 'anything' }, 'c');
      await context.store.delete(keys.tokens!);
      expect(await tagged('3', over, 'd')).toMatchObject({ outcome: 'stands', current: '2', tokens: '' });
      expect(await text()).toBe('2 ');
    });
  });

  it('a write that meets a foreign text removes the companion of the older one', async () => {
    await write('old');
    await context.other.set(keys.entry, 'foreign', MINUTE);
    expect(await write('mine', { kind: 'nothing' })).toEqual({ outcome: 'stands', current: 'foreign' });
    await context.elapseRedisKey(keys.entry, MINUTE);
    expect(await look()).toEqual({ state: 'missing' });
  });

  it('RT13 a text that is kept is not sent again', async () => {
    expect(await write(null, { kind: 'nothing' })).toEqual({ outcome: 'changed' });
    await write('größer 🙂');
    await expire();
    expect(await write(null, { kind: 'stale', nonce: await nonce() })).toEqual({ outcome: 'stored' });
    expect(await text()).toBe('größer 🙂');
    await context.elapseKept(keys, MINUTE / 2);
    const over: Over = { kind: 'standing', text: 'größer 🙂', nonce: await nonce() };
    expect(await write(null, { ...over, text: 'other' })).toEqual({ outcome: 'stands', current: over.text });
    expect(await write(null, over)).toEqual({ outcome: 'stored' });
    expect(await context.store.remaining(keys.entry)).toBeGreaterThan(MINUTE / 2);
    const again: Over = { ...over, nonce: await nonce() };
    await expire();
    expect(await write(null, again)).toEqual({ outcome: 'stored' });
    expect(await look()).toMatchObject({ state: 'stands', text: over.text });
  });

  it('RT5 a new timeout moves the end of the companion', async () => {
    expect(await context.store.expireKept(keys, MINUTE)).toBe(false);
    await write('old');
    expect(await context.store.expireKept(keys, 5 * MINUTE)).toBe(true);
    expect(await companionLeft()).toBeGreaterThan(14 * MINUTE);
    await context.elapseKept(keys, 5 * MINUTE);
    expect(await look()).toMatchObject({ state: 'stale', text: 'old' });
  });

  it('RT5 an entry that never expires gets its companion back with a timeout', async () => {
    await write('old');
    const before = await nonce();
    expect(await context.store.expireKept(keys, null)).toBe(true);
    expect(await context.store.remaining(keys.entry)).toBeNull();
    expect(await companionLeft()).toBeNull();
    expect(await nonce()).toBe(before);
    for (const ttl of [null, MINUTE]) expect(await context.store.expireKept(keys, ttl)).toBe(true);
    await expire();
    expect(await look()).toMatchObject({ state: 'stale', text: 'old' });
    await write('forever', { kind: 'anything' }, { ttl: null });
    expect(await companionLeft()).toBeNull();
    await context.store.expireKept(keys, MINUTE);
    await expire();
    expect(await look()).toMatchObject({ state: 'stale', text: 'forever' });
  });

  it('a new timeout makes no companion, and removes one of another text', async () => {
    await context.store.set(keys.entry, 'foreign', MINUTE);
    expect(await context.store.expireKept(keys, MINUTE)).toBe(true);
    expect(await companionLeft()).toBeUndefined();
    await write('old');
    await context.other.set(keys.entry, 'foreign', null);
    expect(await context.store.expireKept(keys, MINUTE)).toBe(true);
    expect(await companionLeft()).toBeUndefined();
  });

  it('RT5 an increment writes the companion with the sum, and keeps the timeout', async () => {
    const increment = (delta: number): ReturnType<KeyValueStore['incrementKept']> =>
      context.store.incrementKept(keys, delta, 2 * MINUTE);
    expect(await increment(1)).toEqual({ outcome: 'missing' });
    await write('"text"');
    expect(await increment(1)).toEqual({ outcome: 'not-an-integer' });
    expect(await look()).toMatchObject({ text: '"text"' });
    await write('9007199254740991');
    const before = await nonce();
    expect(await increment(1)).toEqual({ outcome: 'out-of-range' });
    expect(await nonce()).toBe(before);
    await write('41', { kind: 'anything' }, { grace: null });
    expect(await increment(1)).toEqual({ outcome: 'done', value: '42' });
    expect(await increment(-2)).toEqual({ outcome: 'done', value: '40' });
    expect(await companionLeft()).toBeLessThanOrEqual(3 * MINUTE);
    expect(await context.store.remaining(keys.entry)).toBeLessThanOrEqual(MINUTE);
    await expire();
    expect(await look()).toMatchObject({ state: 'stale', text: '40' });
    await write('9007199254740000', { kind: 'anything' }, { ttl: null });
    expect(await increment(1)).toEqual({ outcome: 'done', value: '9007199254740001' });
    expect(await companionLeft()).toBeNull();
  });

  describe('with a lease', () => {
    const claimed = (token: string, ms = 10_000): Promise<Look> =>
      context.store.lookUpKept(keys, { ...LASTS, claim: { token, ms } });

    const holder = async (): Promise<string | null> => context.store.get(keys.lease!);

    beforeEach(() => {
      keys = { ...keys, lease: companionKey(context.prefix, 'lease', keys.entry) };
    });

    it('RT16 the first caller that finds no entry holds the lease; a later one is told of it', async () => {
      expect(await claimed('a')).toEqual({ state: 'missing', holder: 'a' });
      expect(await claimed('b')).toEqual({ state: 'missing', holder: 'a' });
      expect(await claimed('a')).toEqual({ state: 'missing', holder: 'a' });
      expect(await look()).toEqual({ state: 'missing' });
      expect(await holder()).toBe('a');
      expect(await context.store.remaining(keys.lease!)).toBeLessThanOrEqual(10_000);
      await context.elapseRedisKey(keys.lease!, 10_000);
      expect(await claimed('b')).toEqual({ state: 'missing', holder: 'b' });
    });

    it('RT16 a stale text is claimed like a missing one, one that stands is not', async () => {
      await write('old');
      expect(await claimed('a')).toMatchObject({ state: 'stands' });
      expect(await holder()).toBeNull();
      await expire();
      expect(await claimed('a')).toMatchObject({ state: 'stale', text: 'old', holder: 'a' });
      expect(await claimed('b')).toMatchObject({ state: 'stale', text: 'old', holder: 'a' });
      await context.store.deleteMany([keys.grace, keys.lease!]);
      await write('forever', { kind: 'anything' }, { ttl: null });
      await context.other.delete(keys.entry);
      expect(await claimed('b')).toEqual({ state: 'missing', holder: 'b' });
    });

    it('RT16 an entry is not due while somebody holds the lease', async () => {
      const due = async (): Promise<unknown> => {
        const ahead = { part: 0.5, ttl: MINUTE };
        const found = await context.store.lookUpKept(keys, {
          ...LASTS,
          ahead,
          claim: { token: 'a', ms: 1000 },
        });
        return found.state === 'stands' && found.isDue;
      };
      await write('old');
      expect(await due()).toBe(false);
      await context.elapseKept(keys, 0.6 * MINUTE);
      expect(await due()).toBe(true);
      expect(await holder()).toBeNull();
      await context.store.set(keys.lease!, 'b', MINUTE);
      expect(await due()).toBe(false);
    });

    it.each<[string, Over, Partial<KeptWrite>]>([
      ['nothing', { kind: 'nothing' }, {}],
      ['no entry', { kind: 'absent' }, { grace: null }],
    ])('RT18 over %s: only who holds the lease stores, and it ends with that', async (_, over, changes) => {
      expect(await write('early', over, { ...changes, run: 'a' })).toEqual({ outcome: 'changed' });
      await claimed('a');
      expect(await write('wrong', over, { ...changes, run: 'b' })).toEqual({ outcome: 'changed' });
      expect(await text()).toBeNull();
      expect(await write('new', over, { ...changes, run: 'a' })).toEqual({ outcome: 'stored' });
      expect(await holder()).toBeNull();
      expect(await write('late', over, { ...changes, run: 'a' })).toEqual({
        outcome: 'stands',
        current: 'new',
      });
    });

    it('RT18 over a stale and over a standing text: the lease counts as the nonce does', async () => {
      await write('old');
      await expire();
      const stale: Over = { kind: 'stale', nonce: await nonce() };
      await claimed('a');
      expect(await write('late', stale, { run: 'b' })).toEqual({ outcome: 'changed' });
      expect(await write('new', stale, { run: 'a' })).toEqual({ outcome: 'stored' });
      const standing: Over = { kind: 'standing', text: 'new', nonce: await nonce() };
      expect(await write('late', standing, { run: 'a' })).toEqual({ outcome: 'stands', current: 'new' });
      await context.store.set(keys.lease!, 'a', MINUTE);
      expect(await write(null, standing, { run: 'a' })).toEqual({ outcome: 'stored' });
      expect(await holder()).toBeNull();
    });

    it('RT18 a run that meets another state ends its own lease, and nobody else’s', async () => {
      await claimed('a');
      await context.other.set(keys.entry, 'foreign', MINUTE);
      const stands = { outcome: 'stands', current: 'foreign' };
      expect(await write('late', { kind: 'nothing' }, { run: 'b' })).toEqual(stands);
      expect(await holder()).toBe('a');
      expect(await write('late', { kind: 'nothing' }, { run: 'a' })).toEqual(stands);
      expect(await holder()).toBeNull();
    });

    it('RT18 a write that is no run’s ends any lease, if it stores', async () => {
      for (const kind of ['anything', 'absent'] as const) {
        await context.store.delete(keys.entry);
        await claimed('a');
        expect(await write('new', { kind })).toEqual({ outcome: 'stored' });
        expect(await holder()).toBeNull();
      }
      await context.store.set(keys.lease!, 'a', MINUTE);
      expect(await write('other', { kind: 'absent' })).toMatchObject({ outcome: 'stands' });
      expect(await holder()).toBe('a');
    });
  });

  it('RT10 an entry is due from a part of its own timeout on', async () => {
    const due = async (part: number, ttl: number | null = null): Promise<unknown> => {
      const found = await context.store.lookUpKept(keys, { ...LASTS, ahead: { part, ttl } });
      return found.state === 'stands' ? found.isDue : found.state;
    };
    await write('old', { kind: 'anything' }, { grace: 0 });
    expect(await due(0.8)).toBe(false);
    await context.elapseKept(keys, 0.7 * MINUTE);
    expect(await due(0.8)).toBe(false);
    expect(await companionLeft()).toBeLessThanOrEqual(0.3 * MINUTE);
    await context.elapseKept(keys, 0.2 * MINUTE);
    expect(await due(0.8)).toBe(true);
    expect(await companionLeft()).toBeGreaterThan(31_000);
    await context.elapseKept(keys, 0.1 * MINUTE);
    expect(await look()).toMatchObject({ state: 'stale', text: null });
    await context.store.set(keys.entry, 'foreign', MINUTE / 10);
    await context.store.delete(keys.grace);
    expect([await due(0.8), await due(0.8, MINUTE), await due(0.95, MINUTE)]).toEqual([false, true, false]);
    await context.store.set(keys.entry, 'foreign', null);
    expect(await due(0.1, MINUTE)).toBe(false);
  });
});
