import { BothSides } from './both-sides.js';
import type { NestServer } from './nest-server.js';
import { RedisGate } from './redis-gate.js';
import type { Side } from './visitor.js';

describe('what differs between both sides', () => {
  let sides: BothSides;
  let nest: NestServer;

  beforeAll(async () => {
    sides = await BothSides.start();
    nest = await sides.startNest();
  }, 60_000);

  afterAll(() => sides.stop());

  /** What is stored when a request of one side read the session before the other side changed it, and ends after. */
  const storedAfterRace = async (late: Side, early: Side): Promise<Record<string, unknown>> => {
    const visitor = await sides.visitorOf(nest, { begun: true });
    const gate = new RedisGate(sides.redis);
    const held = visitor.does(late, 'hold', { gate: gate.name, entries: { late: 1 } });
    await gate.reached();
    await visitor.does(early, 'update', { entries: { early: 1 } });
    await gate.open();
    await held;
    return await visitor.reads(nest);
  };

  it('is that a save here is merged into what Django wrote meanwhile', async () => {
    expect(await storedAfterRace(nest, sides.django)).toEqual({ begun: true, early: 1, late: 1 });
  });

  it('is that a save of Django overwrites what was written here meanwhile', async () => {
    expect(await storedAfterRace(sides.django, nest)).toEqual({ begun: true, late: 1 });
  });

  it('is that a nested change is noticed here, and by Django when it is told', async () => {
    const visitor = await sides.visitorOf(sides.django, { cart: [] });
    await visitor.does(nest, 'append', { name: 'cart', value: 'here' });
    await visitor.does(sides.django, 'append', { name: 'cart', value: 'there' });
    expect(await visitor.reads(nest)).toEqual({ cart: ['here'] });
    await visitor.does(sides.django, 'append', { name: 'cart', value: 'there', modified: true });
    expect(await visitor.reads(nest)).toEqual({ cart: ['here', 'there'] });
  });

  it('is that a cookie of 8 characters is malformed here, and a key to Django', async () => {
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    const short = sides.visitor();
    short.key = 'abcd1234';
    await sides.redis.rename(sides.storeKey(visitor), sides.storeKey(short));
    expect(await short.reads(sides.django)).toEqual({ a: 1 });
    expect(await short.reads(nest)).toEqual({});
    expect(short.key).toBeUndefined();
  });

  it('is that clear() here leaves the sessions, and deletes every version of the entries of Django', async () => {
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    await nest.cache.clear();
    await sides.call('set', ['k', 1]);
    await sides.call('set', ['k', 2], { version: 2 });
    expect(await nest.cache.clear()).toBe(2);
    expect(await visitor.reads(sides.django)).toEqual({ a: 1 });
  });

  it.each([
    ['django-redis', () => sides.call('clear')],
    ['the backend of Django itself, from 4.0', () => sides.callPickling('clear')],
  ])('is that cache.clear() of %s flushes the database, sessions and all', async (_, clear) => {
    const visitor = await sides.visitorOf(nest, { a: 1 });
    await clear();
    expect(await sides.redis.dbSize()).toBe(0);
    expect(await visitor.reads(nest)).toEqual({});
  });

  it('is that delete_pattern("*") of Django deletes the entries of one version', async () => {
    const visitor = await sides.visitorOf(nest, { a: 1 });
    await nest.cache.clear();
    await nest.cache.setMany({ k: 1, l: 2 });
    await nest.cache.set('k', 3, { version: 2 });
    expect(await sides.call('delete_pattern', ['*'])).toBe(2);
    expect(await nest.cache.get('k', undefined, { version: 2 })).toBe(3);
    expect(await visitor.reads(nest)).toEqual({ a: 1 });
  });
});
