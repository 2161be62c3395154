import { BothSides } from './both-sides.js';
import type { Environment } from './documented.js';
import type { NestOptions, NestServer } from './nest-server.js';

const SECRET = 'a secret of 32 bytes or more: ';

const withSalt = (salt: string): Pick<NestOptions, 'adjust'> => ({
  adjust: (options) => ({ ...options, session: { ...options.session, salt } }),
});

const withVersion = (version: number): Pick<NestOptions, 'adjust'> => ({
  adjust: (options) => ({ ...options, cache: { ...options.cache, version } }),
});

describe('what must agree', () => {
  let sides: BothSides;

  beforeAll(async () => {
    sides = await BothSides.start();
  }, 60_000);

  afterAll(() => sides.stop());

  it.each<[what: string, settings: Environment]>([
    ['the project', { PROJECT_NAME: 'another' }],
    ['the secret', { SECRET_KEY: `${SECRET}another` }],
  ])('is %s, or neither side accepts a session of the other', async (_, settings) => {
    const nest = await sides.startNest(settings);
    const ofDjango = await sides.visitorOf(sides.django, { a: 1 });
    expect(await ofDjango.copy().reads(nest)).toEqual({});
    expect(await ofDjango.reads(sides.django)).toEqual({ a: 1 });
    const ofNest = await sides.visitorOf(nest, { b: 2 });
    expect(await ofNest.copy().reads(sides.django)).toEqual({});
    expect(await ofNest.reads(nest)).toEqual({ b: 2 });
  });

  it('is the name of the cookie, or nobody is known on the other side', async () => {
    const nest = await sides.startNest({ SESSION_COOKIE_NAME: 'another' });
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    expect(await visitor.reads(nest)).toEqual({});
    const { setCookies } = await visitor.send(nest, 'update', { entries: { b: 2 } });
    expect(setCookies).toEqual([expect.stringMatching(/^another=/)]);
  });

  it('is the secret, or who has logged in is nobody to Django after a save here', async () => {
    const nest = await sides.startNest({ SECRET_KEY: `${SECRET}another` });
    const told: string[] = [];
    nest.sessions.events.on('corrupt', ({ name }) => told.push(name));
    const user = await sides.newUser();
    const visitor = await sides.loggedIn(user);
    await visitor.reads(nest);
    expect(told).toEqual(['session.corrupt']);
    expect(await visitor.nameIn(sides.django)).toBe(user.name);
    await visitor.does(nest, 'update', { entries: { _auth_user_id: user.id } });
    expect(await visitor.nameIn(sides.django)).toBe('');
  });

  it('is the salt, or a session is not accepted here', async () => {
    const nest = await sides.startNest({}, withSalt('django.contrib.sessions.ShopSession'));
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    expect(await visitor.reads(nest)).toEqual({});
  });

  it('is an older secret, with which Django still signs', async () => {
    const older = sides.environment['SECRET_KEY']!;
    const nest = await sides.startNest({ SECRET_KEY: `${SECRET}newer`, SECRET_KEY_FALLBACKS: older });
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    expect(await visitor.reads(nest)).toEqual({ a: 1 });
  });

  it('is the prefix of the cache', async () => {
    const nest = await sides.startNest({ CACHE_KEY_PREFIX: 'another' });
    await sides.call('set', ['prefixed', 1]);
    expect(await nest.cache.has('prefixed')).toBe(false);
  });

  it('is the version of the cache', async () => {
    const nest = await sides.startNest({}, withVersion(2));
    await sides.call('set', ['versioned', 1]);
    expect(await nest.cache.has('versioned')).toBe(false);
    await sides.call('set', ['versioned', 2], { version: 2 });
    expect(await nest.cache.get('versioned')).toBe(2);
  });
});

describe('settings other than the defaults, where they agree,', () => {
  const OLDER = { SECRET_KEY: `${SECRET}older` };
  let sides: BothSides;
  let nest: NestServer;

  beforeAll(async () => {
    sides = await BothSides.start({
      SESSION_ENGINE: 'shop.own_sessions',
      SESSION_COOKIE_AGE: '600',
      SESSION_COOKIE_DOMAIN: '.shop.example',
      SECRET_KEY: `${SECRET}newer`,
      SECRET_KEY_FALLBACKS: OLDER.SECRET_KEY,
    });
    nest = await sides.startNest({}, withSalt('django.contrib.sessions.ShopSession'));
  }, 60_000);

  afterAll(() => sides.stop());

  it('let sessions be shared whose class in Django has a name of its own', async () => {
    const visitor = await sides.visitorOf(sides.django, { a: 1 });
    await visitor.does(nest, 'update', { entries: { b: 2 } });
    expect(await visitor.reads(sides.django)).toEqual({ a: 1, b: 2 });
  });

  it('give both cookies one age and one domain', async () => {
    for (const side of [sides.django, nest]) {
      const { setCookies } = await sides.visitor().send(side, 'update', { entries: { a: 1 } });
      expect(setCookies).toEqual([expect.stringMatching(/Domain=\.?shop\.example/i)]);
      expect(setCookies).toEqual([expect.stringMatching(/Max-Age=600/i)]);
    }
  });

  it('let Django from 4.1 read what is signed with an older secret here', async () => {
    const older = await sides.startNest(
      { ...OLDER, SECRET_KEY_FALLBACKS: '' },
      withSalt('django.contrib.sessions.ShopSession'),
    );
    const visitor = await sides.visitorOf(older, { a: 1 });
    expect(await visitor.reads(sides.django)).toEqual(sides.django.isFrom(4, 1) ? { a: 1 } : {});
  });
});
