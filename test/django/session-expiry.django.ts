import { until } from '../support/redis-admin.js';
import { BothSides } from './both-sides.js';
import type { NestServer } from './nest-server.js';
import type { Side, Visitor } from './visitor.js';

/** Django's default of SESSION_COOKIE_AGE, and that of `session.age`. */
const DEFAULT_AGE = 1_209_600;
const MINUTE = 60;
const AGES = [MINUTE, 60 * MINUTE, DEFAULT_AGE];
const MOMENT = '2040-01-01T00:00:00+00:00';

describe('the expiry of a session that both sides share', () => {
  let sides: BothSides;
  let nest: NestServer;

  beforeAll(async () => {
    sides = await BothSides.start();
    nest = await sides.startNest();
  }, 60_000);

  afterAll(() => sides.stop());

  const side = (name: string): Side => (name === 'Django' ? sides.django : nest);

  /** Leaves a session a minute, as if it had been saved long ago. */
  const grownOld = (visitor: Visitor): Promise<unknown> =>
    sides.redis.expire(sides.storeKey(visitor), MINUTE);

  /** The age with which a session was stored: the smallest that is not below the seconds left. */
  const ageOf = async (visitor: Visitor): Promise<number | undefined> => {
    const left = await sides.redis.ttl(sides.storeKey(visitor));
    return left < 0 ? undefined : AGES.find((age) => left <= age);
  };

  /** Seconds between the end of a session and a moment. */
  const offBy = async (visitor: Visitor, moment: string): Promise<number> =>
    Math.abs((await sides.redis.expireTime(sides.storeKey(visitor))) - Date.parse(moment) / 1000);

  describe.each([
    ['Django', 'Nest'],
    ['Nest', 'Django'],
  ])('that %s began', (beginner, other) => {
    it(`is the default age, which a read of ${other} leaves and a change renews`, async () => {
      const visitor = await sides.visitorOf(side(beginner), { a: 1 });
      expect(await ageOf(visitor)).toBe(DEFAULT_AGE);
      await grownOld(visitor);
      await visitor.reads(side(other));
      expect(await ageOf(visitor)).toBe(MINUTE);
      await visitor.does(side(other), 'update', { entries: { b: 2 } });
      expect(await ageOf(visitor)).toBe(DEFAULT_AGE);
    });

    it(`is so many seconds after each save, also after one of ${other}`, async () => {
      const visitor = await sides.visitorOf(side(beginner), { a: 1 });
      await visitor.does(side(beginner), 'expire', { expiry: 60 * MINUTE });
      await grownOld(visitor);
      const answer = await visitor.send(side(other), 'update', { entries: { b: 2 } });
      expect(await ageOf(visitor)).toBe(60 * MINUTE);
      expect(answer.setCookies.join()).toMatch(/Max-Age=3600;/i);
    });

    it(`is the end of the browser in the cookie of ${other} too, and the default age in Redis`, async () => {
      const visitor = await sides.visitorOf(side(beginner), { a: 1 });
      await visitor.does(side(beginner), 'expire', { expiry: 0 });
      const answer = await visitor.send(side(other), 'update', { entries: { b: 2 } });
      expect(answer.setCookies).toHaveLength(1);
      expect(answer.setCookies.join()).not.toMatch(/Max-Age|Expires/i);
      expect(await ageOf(visitor)).toBe(DEFAULT_AGE);
    });

    it(`is given back to the default by ${other}`, async () => {
      const visitor = await sides.visitorOf(side(beginner), { a: 1 });
      await visitor.does(side(beginner), 'expire', { expiry: MINUTE });
      await visitor.does(side(other), 'expire', { expiry: null });
      expect(await visitor.reads(side(beginner))).toEqual({ a: 1 });
      expect(await ageOf(visitor)).toBe(DEFAULT_AGE);
    });

    it.each([-10, 0.0001])(`is over after %d s, also to ${other}`, async (expiry) => {
      const visitor = await sides.visitorOf(side(beginner), { a: 1 });
      const kept = visitor.copy();
      await visitor.does(side(beginner), 'expire', { expiry });
      // Django's ends a millisecond later
      await until('the session ends', async () => (await sides.redis.exists(sides.storeKey(kept))) === 0);
      expect(await kept.reads(side(other))).toEqual({});
    });

    it(`is of a fraction of a second where ${beginner} says so`, async () => {
      const visitor = await sides.visitorOf(side(beginner), { a: 1 });
      await visitor.does(side(beginner), 'expire', { expiry: 3599.5 });
      await grownOld(visitor);
      await visitor.does(side(other), 'update', { entries: { b: 2 } });
      expect(await ageOf(visitor)).toBe(60 * MINUTE);
    });
  });

  it('at a moment is honoured by Django from 4.1, while an older one cannot save such a session', async () => {
    const visitor = await sides.visitorOf(nest, { a: 1 });
    await visitor.does(nest, 'expire', { expiry: MOMENT });
    const { status } = await visitor.send(sides.django, 'update', { entries: { b: 2 } });
    expect(status).toBe(sides.django.isFrom(4, 1) ? 200 : 500);
    // Django reckons with whole seconds
    expect(await offBy(visitor, MOMENT)).toBeLessThanOrEqual(1);
  });

  it('at a moment that Django from 4.1 set is honoured here; an older one cannot set it', async () => {
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    const { status } = await visitor.send(sides.django, 'expire', { expiry: MOMENT });
    expect(status).toBe(sides.django.isFrom(4, 1) ? 200 : 500);
    if (status !== 200) return;
    await grownOld(visitor);
    await visitor.does(nest, 'update', { entries: { b: 2 } });
    // Django reckons with whole seconds
    expect(await offBy(visitor, MOMENT)).toBeLessThanOrEqual(1);
  });
});
