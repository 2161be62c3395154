import { companionKey } from '../../lib/store/companion-key.js';
import { type Move, parseTrace, type Trace } from '../../lib/store/trace.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const MINUTE = 60_000;

describeOnEveryStore('KeyValueStore, entries that leave a trace', (context) => {
  let key: string;
  let trace: string;

  beforeEach(async () => {
    key = `${context.prefix}:entry`;
    trace = companionKey(context.prefix, 'trace', key);
    await context.store.set(key, 'old', MINUTE * 10);
  });

  const move = (changes: Partial<Move> = {}): ReturnType<typeof context.store.moveAway> =>
    context.store.moveAway(key, trace, {
      expected: 'old',
      successor: 'a',
      keepsValue: false,
      mayFork: false,
      traceTtl: MINUTE,
      ...changes,
    });

  const left = async (): Promise<Trace | null> => {
    const text = await context.store.get(trace);
    return text === null ? null : parseTrace(text);
  };

  const timeLeft = async (): Promise<number> => (await context.store.remaining(trace)) ?? -1;

  it('SE14 a move deletes the entry and says where it went', async () => {
    expect(await move()).toEqual({ outcome: 'done' });
    expect(await context.store.get(key)).toBeNull();
    expect(await left()).toEqual({ state: 'moved', successors: ['a'] });
    expect(await timeLeft()).toBeGreaterThan(MINUTE - 5000);
    expect(await timeLeft()).toBeLessThanOrEqual(MINUTE);
  });

  it.each(['plain', 'with "quotes", \\ and /', 'größer 🙂', ''])(
    'keeps the value %j where asked',
    async (value) => {
      await context.store.set(key, value, MINUTE);
      await move({ expected: value, keepsValue: true });
      expect(await left()).toEqual({ state: 'moved', successors: ['a'], value });
      await move({ expected: value, successor: 'b', mayFork: true });
      expect(await left()).toEqual({ state: 'moved', successors: ['a', 'b'], value });
    },
  );

  it('a move of what another changed changes nothing and gives what is there', async () => {
    expect(await move({ expected: 'older', mayFork: true })).toEqual({ outcome: 'changed', current: 'old' });
    expect(await context.store.get(key)).toBe('old');
    expect(await left()).toBeNull();
  });

  it('a move of what is not there leaves nothing', async () => {
    await context.store.delete(key);
    expect(await move({ mayFork: true })).toEqual({ outcome: 'missing' });
    expect(await move({ expected: null, mayFork: true })).toEqual({ outcome: 'missing' });
    expect(await left()).toBeNull();
  });

  it('of two moves the second is added only where it may fork', async () => {
    await move();
    expect(await move({ successor: 'b' })).toEqual({ outcome: 'missing' });
    expect(await left()).toEqual({ state: 'moved', successors: ['a'] });
    await context.elapseRedisKey(trace, MINUTE / 2);
    expect(await move({ successor: 'b', mayFork: true })).toEqual({ outcome: 'forked' });
    expect(await move({ expected: null, successor: 'c', mayFork: true })).toEqual({ outcome: 'forked' });
    expect(await left()).toEqual({ state: 'moved', successors: ['a', 'b', 'c'] });
    expect(await timeLeft()).toBeLessThanOrEqual(MINUTE / 2);
  });

  it('SE14 an ending says so', async () => {
    expect(await context.store.end(key, trace, MINUTE)).toEqual({
      existed: true,
      wasTraced: false,
      successors: [],
    });
    expect(await context.store.get(key)).toBeNull();
    expect(await left()).toEqual({ state: 'ended', successors: [] });
    expect(await timeLeft()).toBeGreaterThan(MINUTE - 5000);
    expect(await move({ mayFork: true })).toEqual({ outcome: 'missing' });
  });

  it.each([
    ['text that is not JSON', 'moved'],
    ['JSON that is no object', '["moved"]'],
    ['null', 'null'],
    ['too deep', '['.repeat(5000)],
    ['another state', '{"st":"away"}'],
    ['no successors', '{"st":"ended","to":"b"}'],
    ['successors that are no texts', '{"st":"ended","to":[1,{"b":1}]}'],
  ])('what somebody else has left as a trace counts as an ending: %s', async (_, text) => {
    await context.store.set(trace, text, MINUTE);
    expect(await left()).toMatchObject({ state: 'ended' });
    const ended = { wasTraced: true, successors: [] };
    expect(await context.store.end(key, trace, MINUTE)).toEqual({ existed: true, ...ended });
    await context.store.set(trace, text, MINUTE);
    expect(await move({ expected: null, mayFork: true })).toEqual({ outcome: 'missing' });
    expect(await context.store.end(key, trace, MINUTE)).toEqual({ existed: false, ...ended });
    expect(await left()).toEqual({ state: 'ended', successors: [] });
  });

  it('SE14 an ending turns the trace of a move into its own, drops the value, and keeps successors and time', async () => {
    await move({ keepsValue: true });
    await move({ successor: 'b', mayFork: true });
    await context.elapseRedisKey(trace, MINUTE / 2);
    const ended = { existed: false, wasTraced: true, successors: ['a', 'b'] };
    expect(await context.store.end(key, trace, MINUTE)).toEqual(ended);
    expect(await left()).toEqual({ state: 'ended', successors: ['a', 'b'] });
    expect(await timeLeft()).toBeLessThanOrEqual(MINUTE / 2);
    expect(await context.store.end(key, trace, MINUTE)).toEqual(ended);
    expect(await move({ successor: 'c', mayFork: true })).toEqual({ outcome: 'missing' });
  });

  it('an entry that came back is ended with the successors it had', async () => {
    await move();
    await context.store.set(key, 'again', MINUTE);
    expect(await context.store.end(key, trace, MINUTE)).toEqual({
      existed: true,
      wasTraced: true,
      successors: ['a'],
    });
    expect(await left()).toEqual({ state: 'ended', successors: ['a'] });
  });

  it('SE14 ending what never was leaves no trace', async () => {
    await context.store.delete(key);
    expect(await context.store.end(key, trace, MINUTE)).toEqual({
      existed: false,
      wasTraced: false,
      successors: [],
    });
    expect(await left()).toBeNull();
  });

  it('setIfUntraced stores where nothing is and nothing was moved or ended', async () => {
    expect(await context.store.setIfUntraced(key, trace, 'new', MINUTE)).toBe(false);
    expect(await context.store.get(key)).toBe('old');
    await context.store.delete(key);
    expect(await context.store.setIfUntraced(key, trace, 'new', 1500.5)).toBe(true);
    expect(await context.store.get(key)).toBe('new');
    expect(await context.store.remaining(key)).toBeLessThanOrEqual(1501);
    await move({ expected: 'new' });
    expect(await context.store.setIfUntraced(key, trace, 'newer', MINUTE)).toBe(false);
    await context.store.end(key, trace, MINUTE);
    expect(await context.store.setIfUntraced(key, trace, 'newer', MINUTE)).toBe(false);
    expect(await context.store.has(key)).toBe(false);
    await context.elapseRedisKey(trace, MINUTE);
    expect(await context.store.setIfUntraced(key, trace, 'newer', MINUTE)).toBe(true);
  });

  it('compareAndExpire gives a new ttl to the expected value only', async () => {
    expect(await context.store.compareAndExpire(key, 'old', 1500.5)).toBe(true);
    expect(await context.store.remaining(key)).toBeLessThanOrEqual(1501);
    expect(await context.store.compareAndExpire(key, 'newer', MINUTE)).toBe(false);
    expect(await context.store.remaining(key)).toBeLessThanOrEqual(1501);
    await context.store.delete(key);
    expect(await context.store.compareAndExpire(key, 'old', MINUTE)).toBe(false);
    expect(await context.store.has(key)).toBe(false);
  });
});
