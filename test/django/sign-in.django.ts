import { PLATFORMS } from '../support/http-app.js';
import { BothSides, type User } from './both-sides.js';
import type { NestServer } from './nest-server.js';
import { RedisGate } from './redis-gate.js';

let sides: BothSides;

beforeAll(async () => {
  sides = await BothSides.start();
}, 60_000);

afterAll(() => sides.stop());

/** What the view on the page answers for a user and a password; `undefined` if it refuses them. */
const checked = async ({ name, password }: User): Promise<{ id?: number } | undefined> => {
  const answer = await fetch(`http://127.0.0.1:${sides.django.port}/internal/check-password`, {
    method: 'POST',
    body: new URLSearchParams({ name, password }),
  });
  return answer.ok ? ((await answer.json()) as { id?: number }) : undefined;
};

describe.each(PLATFORMS)('who signs in with Nest on %s, beside Django,', (platform) => {
  let nest: NestServer;

  beforeAll(async () => {
    const adjust: NonNullable<Parameters<BothSides['startNest']>[1]>['adjust'] = (options) => ({
      ...options,
      session: { ...options.session, idleTimeout: '1h', absoluteTimeout: '1d' },
    });
    nest = await sides.startNest({}, { platform, adjust });
  });

  it('is an anonymous visitor to Django, who keeps the entries', async () => {
    const user = await sides.newUser();
    const visitor = await sides.visitorOf(sides.django, { cart: ['Emma'] });
    await visitor.does(nest, 'sign-in', { user: user.id });
    expect(await visitor.nameIn(sides.django)).toBe('');
    expect(await visitor.reads(nest)).toMatchObject({ cart: ['Emma'], _auth_user_id: user.id });
  });

  it('is the user to Django as well where backend and hash are given', async () => {
    const user = await sides.newUser();
    const { id, ...django } = (await checked(user)) ?? {};
    expect(String(id)).toBe(user.id);
    expect(await checked({ ...user, password: 'another' })).toBeUndefined();
    const visitor = await sides.visitorOf(nest, { cart: ['Emma'] });
    await visitor.does(nest, 'sign-in', { user: id, django });
    expect(await visitor.nameIn(sides.django)).toBe(user.name);
    expect(await visitor.reads(sides.django)).toMatchObject({ cart: ['Emma'] });
  });

  it('is nobody on either side once Django has seen a hash that a change of the password made stale', async () => {
    const user = await sides.newUser();
    const { id, ...django } = (await checked(user)) ?? {};
    const visitor = await sides.visitorOf(nest, { cart: ['Emma'] });
    await visitor.does(nest, 'sign-in', { user: id, django });
    await sides.visitor().does(sides.django, 'change-password', { name: user.name, password: 'another' });
    expect(await visitor.reads(nest)).toMatchObject({ cart: ['Emma'], _auth_user_id: user.id });
    expect(await visitor.copy().nameIn(sides.django)).toBe('');
    expect(await visitor.reads(nest)).toEqual({});
  });

  it('is missed by endOfUser() under a key that Django gave, until reindex() has run', async () => {
    const user = await sides.newUser();
    const visitor = await sides.visitorOf(nest, {});
    await visitor.does(nest, 'sign-in', { user: user.id });
    const [before] = await nest.sessions.ofUser(user.id);
    const late = visitor.copy();
    await visitor.does(sides.django, 'cycle');
    // Django leaves no trace of the key it took away
    expect(await late.reads(nest)).toEqual({});
    expect(late.key).toBeUndefined();
    expect(await nest.sessions.ofUser(user.id)).toEqual([]);
    expect(await nest.sessions.endOfUser(user.id)).toBe(0);
    await nest.sessions.reindex();
    const after = await nest.sessions.ofUser(user.id);
    const { _codex_started: started } = await visitor.reads(sides.django);
    expect(after).toMatchObject([{ createdAt: new Date(Number(started)) }]);
    expect(after[0]!.handle).not.toBe(before!.handle);
    expect(await nest.sessions.endOfUser(user.id)).toBe(1);
    expect(await visitor.reads(sides.django)).toEqual({});
  });

  it('is nobody on either side after a write to a session in which Django stored NaN', async () => {
    const visitor = await sides.loggedIn();
    await visitor.sendText(sides.django, 'update', '{"entries":{"ratio":NaN}}');
    const before = visitor.copy();
    expect(await visitor.reads(nest)).toEqual({});
    expect(await visitor.nameIn(sides.django)).not.toBe('');
    await visitor.does(nest, 'update', { entries: { cart: [] } });
    expect(visitor.key).not.toBe(before.key);
    expect(await visitor.reads(sides.django)).toMatchObject({ cart: [] });
    expect(await visitor.nameIn(sides.django)).toBe('');
    expect(await sides.redis.exists(sides.storeKey(before))).toBe(0);
  });

  it('is nobody to Django over the login of another user there, and has nothing of theirs', async () => {
    const user = await sides.newUser();
    const visitor = await sides.loggedIn();
    await visitor.does(sides.django, 'update', { entries: { cart: ['Emma'] } });
    await visitor.does(nest, 'sign-in', { user: user.id });
    expect(await visitor.nameIn(sides.django)).toBe('');
    const entries = await visitor.reads(nest);
    expect(Object.keys(entries).filter((name) => !name.startsWith('_codex_'))).toEqual(['_auth_user_id']);
  });

  it('US10 keeps the start of the session through a save, a new key and a login of Django', async () => {
    const user = await sides.newUser();
    const visitor = await sides.visitorOf(nest, { cart: ['Emma'] });
    const { _codex_started: started } = await visitor.reads(sides.django);
    expect(started).toEqual(expect.any(Number));
    await visitor.does(sides.django, 'update', { entries: { seen: 1 } });
    await visitor.does(sides.django, 'cycle');
    await sides.logIn(visitor, user);
    expect(await visitor.reads(sides.django)).toMatchObject({
      cart: ['Emma'],
      seen: 1,
      _codex_started: started,
    });
    const session = await nest.sessions.load(String(visitor.key));
    expect([session.get('_codex_started'), session.get('_auth_user_id')]).toEqual([started, user.id]);
  });

  it('SE14 leaves a trace that Django sees nothing of, nor of the index', async () => {
    const user = await sides.newUser();
    const visitor = await sides.visitorOf(sides.django, { cart: ['Emma'] });
    const before = visitor.copy();
    await visitor.does(nest, 'sign-in', { user: user.id });
    expect(await sides.redis.exists([`shop:trace:{${sides.storeKey(before)}}`, `shop:user:${user.id}`])).toBe(
      2,
    );
    expect(await before.copy().reads(sides.django)).toEqual({});
    expect(await before.copy().nameIn(sides.django)).toBe('');
    // a write there begins another session, as for any key that is not stored
    const writing = before.copy();
    await writing.does(sides.django, 'update', { entries: { cart: [] } });
    expect(writing.key).not.toBe(before.key);
    await visitor.does(sides.django, 'clear-expired');
    expect(await visitor.reads(nest)).toMatchObject({ cart: ['Emma'], _auth_user_id: user.id });
  });

  it('is not undone by a request of Django that ends after the sign-in', async () => {
    const visitor = await sides.visitorOf(nest, { cart: ['Emma'] });
    const late = visitor.copy();
    const gate = new RedisGate(sides.redis);
    const answer = late.send(sides.django, 'hold', { gate: gate.name, entries: { late: true } });
    await gate.reached();
    await visitor.does(nest, 'sign-in', { user: '7' });
    const { key } = visitor;
    await gate.open();
    expect((await answer).status).toBe(400);
    expect(await sides.redis.exists(sides.storeKey(late))).toBe(0);
    visitor.key = key;
    expect(await visitor.reads(nest)).toMatchObject({ cart: ['Emma'], _auth_user_id: '7' });
  });
});
