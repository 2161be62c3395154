import { PLATFORMS } from '../support/http-app.js';
import { BothSides } from './both-sides.js';
import type { NestServer } from './nest-server.js';
import { RedisGate } from './redis-gate.js';
import type { Visitor } from './visitor.js';

let sides: BothSides;

beforeAll(async () => {
  sides = await BothSides.start();
}, 60_000);

afterAll(() => sides.stop());

describe.each(PLATFORMS)('who has logged in with Django, beside Nest on %s,', (platform) => {
  let nest: NestServer;

  beforeAll(async () => {
    nest = await sides.startNest({}, { platform });
  });

  it('is known here by the id, with what Django put in the session', async () => {
    const user = await sides.newUser();
    const visitor = await sides.visitorOf(sides.django, { cart: ['Emma'], greeting: 'Grüezi 🚲' });
    const before = visitor.key;
    await sides.logIn(visitor, user);
    expect(visitor.key).not.toBe(before);
    expect(await visitor.reads(nest)).toEqual({
      cart: ['Emma'],
      greeting: 'Grüezi 🚲',
      _auth_user_id: user.id,
      _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
      _auth_user_hash: expect.any(String) as string,
    });
  });

  it('stays logged in after a nested change here, which Django sees beside its own entries', async () => {
    const user = await sides.newUser();
    const visitor = await sides.loggedIn(user);
    await visitor.does(sides.django, 'update', { entries: { cart: { books: ['Emma'] } } });
    const before = await visitor.reads(sides.django);
    await visitor.does(nest, 'update', { entries: { seen: [] } });
    await visitor.does(nest, 'append', { name: 'seen', value: { title: 'Walden' } });
    // and what the index of the user's sessions knows of this one
    expect(await visitor.reads(sides.django)).toEqual({
      ...before,
      seen: [{ title: 'Walden' }],
      _codex_indexed: expect.any(Array) as unknown,
    });
    expect(await visitor.nameIn(sides.django)).toBe(user.name);
  });

  it('US7 is found among the sessions of the user by reindex(), or after a save here', async () => {
    const user = await sides.newUser();
    const visitor = await sides.loggedIn(user);
    const saving = await sides.loggedIn(user);
    expect(await nest.sessions.ofUser(user.id)).toEqual([]);
    await saving.does(nest, 'update', { entries: { cart: ['Emma'] } });
    expect(await nest.sessions.ofUser(user.id)).toHaveLength(1);
    const told: unknown[] = [];
    const progress = await nest.sessions.reindex({ onProgress: (now) => told.push(now) });
    expect(told.at(-1)).toEqual(progress);
    expect(await nest.sessions.ofUser(user.id)).toHaveLength(2);
    // Django sees nothing of the index, and goes on with both
    for (const one of [visitor, saving]) {
      expect(await one.nameIn(sides.django)).toBe(user.name);
      expect(await one.reads(sides.django)).toMatchObject({ _auth_user_id: user.id });
    }
    // a new key of Django's is another session, which the next save here tells of
    await saving.does(sides.django, 'cycle');
    expect(await nest.sessions.ofUser(user.id)).toHaveLength(1);
    await saving.does(nest, 'update', { entries: { cart: [] } });
    expect(await nest.sessions.ofUser(user.id)).toHaveLength(2);
    await visitor.does(sides.django, 'logout');
    expect(await nest.sessions.ofUser(user.id)).toHaveLength(1);
  });

  it('US3 is nobody to Django after all sessions of the user were ended here', async () => {
    const user = await sides.newUser();
    const visitors = [await sides.loggedIn(user), await sides.loggedIn(user)];
    const other = await sides.newUser();
    const elsewhere = await sides.loggedIn(other);
    await nest.sessions.reindex();
    expect(await nest.sessions.endOfUser(user.id)).toBe(2);
    for (const visitor of visitors) expect(await visitor.nameIn(sides.django)).toBe('');
    expect(await elsewhere.nameIn(sides.django)).toBe(other.name);
  });

  it('is nobody to Django after a logout here', async () => {
    const visitor = await sides.loggedIn();
    const elsewhere = visitor.copy();
    await visitor.does(nest, 'logout');
    expect(visitor.key).toBeUndefined();
    expect(await elsewhere.nameIn(sides.django)).toBe('');
    expect(await sides.redis.exists(sides.storeKey(elsewhere))).toBe(0);
  });

  it('is nobody here after a logout with Django', async () => {
    const visitor = await sides.loggedIn();
    const elsewhere = visitor.copy();
    await visitor.does(sides.django, 'logout');
    expect(visitor.key).toBeUndefined();
    expect(await elsewhere.reads(nest)).toEqual({});
  });

  it('is not logged in again by a request here that ends after the logout with Django', async () => {
    const visitor = await sides.loggedIn();
    const late = visitor.copy();
    const gate = new RedisGate(sides.redis);
    const answer = late.send(nest, 'hold', { gate: gate.name, entries: { late: true } });
    await gate.reached();
    await visitor.does(sides.django, 'logout');
    await gate.open();
    expect((await answer).status).toBe(400);
    expect(await sides.redis.exists(sides.storeKey(late))).toBe(0);
  });

  it('is not logged in again by a request of Django that ends after the logout here', async () => {
    const visitor = await sides.loggedIn();
    const late = visitor.copy();
    const gate = new RedisGate(sides.redis);
    const answer = late.send(sides.django, 'hold', { gate: gate.name, entries: { late: true } });
    await gate.reached();
    await visitor.does(nest, 'logout');
    await gate.open();
    expect((await answer).status).toBe(400);
    expect(await sides.redis.exists(sides.storeKey(late))).toBe(0);
  });

  it.each([
    ['a login', async (visitor: Visitor) => sides.logIn(visitor, await sides.newUser())],
    ['a cycle_key()', (visitor: Visitor) => visitor.does(sides.django, 'cycle')],
  ])('keeps the session of Nest under a new key after %s of Django', async (_, change) => {
    const visitor = await sides.visitorOf(nest, { cart: ['Emma'] });
    const planted = visitor.copy();
    await change(visitor);
    expect(visitor.key).not.toBe(planted.key);
    expect(await visitor.reads(nest)).toMatchObject({ cart: ['Emma'] });
    expect(await planted.reads(nest)).toEqual({});
  });

  it('stays logged in under the new key that a cycleKey() here gives', async () => {
    const user = await sides.newUser();
    const visitor = await sides.loggedIn(user);
    const planted = visitor.copy();
    await visitor.does(nest, 'cycle');
    expect(visitor.key).not.toBe(planted.key);
    expect(await visitor.nameIn(sides.django)).toBe(user.name);
    expect(await planted.nameIn(sides.django)).toBe('');
  });

  it('is known here after a change of the password, until Django has seen the session', async () => {
    const user = await sides.newUser();
    const visitor = await sides.loggedIn(user);
    await sides.visitor().does(sides.django, 'change-password', { name: user.name, password: 'another' });
    expect(await visitor.reads(nest)).toMatchObject({ _auth_user_id: user.id });
    expect(await visitor.copy().nameIn(sides.django)).toBe('');
    expect(await visitor.reads(nest)).toEqual({});
  });

  it('gets a flash message of Django after a save here, once', async () => {
    const visitor = await sides.loggedIn();
    const message = 'Saved “Émile” & <more>';
    await visitor.does(sides.django, 'say', { text: message });
    await visitor.does(nest, 'update', { entries: { cart: ['Emma'] } });
    expect(await visitor.does(sides.django, 'hear')).toEqual([['success', message]]);
    expect(await visitor.reads(nest)).not.toHaveProperty('_messages');
    expect(await visitor.does(sides.django, 'hear')).toEqual([]);
  });
});
