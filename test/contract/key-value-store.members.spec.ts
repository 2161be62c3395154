import type { Enrolment } from '../../lib/store/member-index.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const MINUTE = 60_000;

describeOnEveryStore('KeyValueStore, indexes of members', (context) => {
  let index: string;

  beforeEach(() => {
    index = `${context.prefix}:user:7`;
  });

  const enrol = (handle: string, more: Partial<Enrolment> = {}): ReturnType<typeof context.store.enrol> =>
    context.store.enrol(index, {
      handle,
      key: `key of ${handle}`,
      ttl: MINUTE,
      pendingMs: MINUTE / 2,
      ...more,
    });

  const join = async (handle: string, more: Partial<Enrolment> = {}): Promise<void> => {
    expect((await enrol(handle, more)).outcome).toBe('enrolled');
    expect(await context.store.confirm(index, handle, more.ttl ?? MINUTE, [])).toBe(true);
  };

  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await context.store.members(index)).map(({ handle, state }) => [handle, state]));

  const named = (...handles: string[]): { handle: string; key: string }[] =>
    handles.map((handle) => ({ handle, key: `key of ${handle}` }));

  const passes = (ms: number): Promise<void> => context.elapseMembers(index, ms);

  it('a member is pending until it is confirmed, and has what it was enrolled with', async () => {
    const device = 'Ada\'s "phone" 📱 \\ /';
    expect(await enrol('a', { device })).toEqual({ outcome: 'enrolled', members: [] });
    const [member] = await context.store.members(index);
    expect(member).toEqual({
      handle: 'a',
      key: 'key of a',
      state: 'pending',
      createdAt: expect.any(Number) as number,
      device,
    });
    expect(Math.abs(member!.createdAt - context.clock.now())).toBeLessThan(5 * MINUTE);
    expect(await context.store.confirm(index, 'a', MINUTE, [])).toBe(true);
    expect(await states()).toEqual({ a: 'live' });
    expect(await context.store.members(`${index}:other`)).toEqual([]);
  });

  it('what was not enrolled, or was ended meanwhile, cannot be confirmed', async () => {
    expect(await context.store.confirm(index, 'a', MINUTE, [])).toBe(false);
    await enrol('a');
    expect(await context.store.endMembers(index, { only: ['a'] })).toEqual({
      ended: named('a'),
      spared: [],
    });
    expect(await context.store.confirm(index, 'a', MINUTE, [])).toBe(false);
    expect(await states()).toEqual({ a: 'ended' });
  });

  it('a member takes the place, the start and the device of another', async () => {
    await join('a', { device: 'phone' });
    await passes(1000);
    const [before] = await context.store.members(index);
    await join('b', { from: 'a' });
    const [after, ...others] = await context.store.members(index);
    expect(others).toEqual([]);
    expect(after).toMatchObject({ handle: 'b', device: 'phone' });
    expect(after!.createdAt).toBe(before!.createdAt);
    await join('c', { from: 'b', device: 'laptop' });
    expect((await context.store.members(index))[0]).toMatchObject({ handle: 'c', device: 'laptop' });
  });

  it('nothing takes the place of what was ended', async () => {
    await join('a');
    await context.store.endMembers(index, { except: [] });
    expect(await enrol('b', { from: 'a' })).toEqual({ outcome: 'interrupted', members: named('a') });
    expect(await states()).toEqual({ a: 'ended' });
  });

  it('what is live is not made pending, and what was ended stays so', async () => {
    await join('a');
    expect((await enrol('a')).outcome).toBe('enrolled');
    expect(await states()).toEqual({ a: 'live' });
    await context.store.endMembers(index, { only: ['a'] });
    expect((await enrol('a')).outcome).toBe('interrupted');
    expect(await states()).toEqual({ a: 'ended' });
  });

  it('one that is not confirmed in time is ended by the next look-up', async () => {
    await enrol('a');
    await passes(MINUTE / 2);
    expect(await states()).toEqual({ a: 'ended' });
    await enrol('b');
    await passes(MINUTE / 2);
    expect(await enrol('c')).toMatchObject({ outcome: 'enrolled' });
    expect(await context.store.confirm(index, 'b', MINUTE, [])).toBe(false);
  });

  it('an enrolment tells what is still to be ended, and a confirmation forgets that', async () => {
    await join('a');
    await context.store.endMembers(index, { only: ['a'] });
    expect((await enrol('b')).members).toEqual(named('a'));
    await context.store.confirm(index, 'b', MINUTE, ['a', 'b', 'z']);
    expect(await states()).toEqual({ b: 'live' });
  });

  it('an enrolment forgets what has expired', async () => {
    await join('a', { ttl: 2000 });
    await join('b');
    await passes(3000);
    expect(await states()).toEqual({ a: 'live', b: 'live' });
    await join('c');
    expect(await states()).toEqual({ b: 'live', c: 'live' });
  });

  it('the index lives as long as the member that lives longest', async () => {
    const left = async (): Promise<number> => (await context.store.remaining(index)) ?? 0;
    await join('a', { ttl: 10 * MINUTE });
    await join('b', { ttl: MINUTE });
    expect(await left()).toBeGreaterThan(9 * MINUTE);
    await context.store.keepMember(index, named('b')[0]!, 20 * MINUTE);
    expect(await left()).toBeGreaterThan(19 * MINUTE);
    await context.store.confirm(index, 'a', 30 * MINUTE, []);
    expect(await left()).toBeGreaterThan(29 * MINUTE);
    await context.store.forgetMembers(index, ['a', 'b']);
    expect(await context.store.has(index)).toBe(false);
  });

  it('a member that stands is added, or kept as it is', async () => {
    const [member] = named('a');
    expect(
      await context.store.keepMember(index, { ...member!, createdAt: 1234, device: 'phone' }, MINUTE),
    ).toBe(true);
    expect(await context.store.keepMember(index, { ...member!, createdAt: 5678 }, MINUTE)).toBe(true);
    expect(await context.store.members(index)).toEqual([
      { ...member, state: 'live', createdAt: 1234, device: 'phone' },
    ]);
    await context.store.endMembers(index, { except: [] });
    expect(await context.store.keepMember(index, member!, MINUTE)).toBe(false);
    expect(await states()).toEqual({ a: 'ended' });
  });

  it('ends all but some, or some, and those that took their places', async () => {
    for (const handle of ['a', 'b', 'c']) await join(handle);
    await enrol('a2', { from: 'a' });
    await join('b2', { from: 'b' });
    await enrol('b3', { from: 'b2' });
    const { ended, spared } = await context.store.endMembers(index, { except: ['a', 'z'] });
    expect(ended.map(({ handle }) => handle).sort()).toEqual(['b2', 'b3', 'c']);
    expect(spared.map(({ handle }) => handle).sort()).toEqual(['a', 'a2']);
    expect(await states()).toEqual({ a: 'live', a2: 'pending', b2: 'ended', b3: 'ended', c: 'ended' });
    expect(
      (await context.store.endMembers(index, { only: ['a'] })).ended.map(({ handle }) => handle).sort(),
    ).toEqual(['a', 'a2']);
    expect(await context.store.endMembers(index, { only: ['nobody'] })).toMatchObject({ ended: [] });
  });

  it('whose place it took is known for a minute', async () => {
    await join('a', { ttl: 10 * MINUTE });
    await join('b', { from: 'a', ttl: 10 * MINUTE });
    expect((await context.store.endMembers(index, { only: ['a'] })).ended).toEqual(named('b'));
    await join('c', { ttl: 10 * MINUTE });
    await join('d', { from: 'c', ttl: 10 * MINUTE });
    await join('e', { from: 'd', ttl: 10 * MINUTE });
    expect((await context.store.endMembers(index, { except: ['c'] })).spared).toEqual(named('e'));
    await passes(MINUTE / 2 + MINUTE);
    expect((await context.store.endMembers(index, { only: ['c'] })).ended).toEqual([]);
  });

  it('forgets members, those of a state only where one is named', async () => {
    await join('a');
    await join('b');
    await context.store.endMembers(index, { only: ['a'] });
    await context.store.forgetMembers(index, ['a', 'b'], 'live');
    expect(await states()).toEqual({ a: 'ended' });
    await join('c');
    await context.store.forgetMembers(index, ['a', 'c'], 'ended');
    expect(await states()).toEqual({ c: 'live' });
    await context.store.forgetMembers(index, ['a', 'c']);
    expect(await states()).toEqual({});
  });

  it('US6 a full index ends the oldest, in the step that adds the new one', async () => {
    const limit = { limit: 2, whenFull: 'end-oldest' } as const;
    await join('a', { limit });
    await passes(10);
    await join('b', { limit });
    await passes(10);
    expect(await enrol('c', { limit })).toEqual({ outcome: 'enrolled', members: named('a') });
    await passes(10);
    // a pending one counts, too, and one whose place is taken does not
    expect(await enrol('d', { limit, from: 'b' })).toEqual({ outcome: 'enrolled', members: named('a') });
    expect(await states()).toEqual({ a: 'ended', b: 'live', c: 'pending', d: 'pending' });
  });

  it('US6 a full index refuses, once it was looked through', async () => {
    const limit = { limit: 2, whenFull: 'refuse' } as const;
    await join('a', { limit });
    await join('b', { limit });
    expect(await enrol('b2', { limit, from: 'b' })).toMatchObject({ outcome: 'enrolled' });
    await context.store.confirm(index, 'b2', MINUTE, []);
    const { outcome, members } = await enrol('c', { limit });
    expect(outcome).toBe('full');
    expect(members).toHaveLength(2);
    expect(members).toEqual(expect.arrayContaining(named('a', 'b2')));
    expect(await enrol('c', { limit, gone: [] })).toEqual({ outcome: 'refused', members: [] });
    expect(await enrol('c', { limit, gone: ['a'] })).toEqual({ outcome: 'enrolled', members: [] });
    expect(await states()).toEqual({ b2: 'live', c: 'pending' });
  });

  it('of many enrolments at once as many succeed as there is room', async () => {
    const limit = { limit: 5, whenFull: 'refuse' } as const;
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => enrol(String(i), { limit, gone: [] })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'enrolled')).toHaveLength(5);
  });

  it('what stands under the key of an index is no text, and no text is an index', async () => {
    await join('a');
    await expect(context.store.get(index)).rejects.toMatchObject({ replyCode: 'WRONGTYPE' });
    await context.store.set(`${index}:text`, 'text', MINUTE);
    await expect(context.store.members(`${index}:text`)).rejects.toMatchObject({ replyCode: 'WRONGTYPE' });
  });
});
