import { createHmac, randomBytes } from 'node:crypto';
import { connectRedis } from '../../../../lib/session/wire/connect-redis.js';
import { ImproperlyConfiguredError } from '../../../../lib/errors/improperly-configured.error.js';

const ID = 'T_bTUg9a-YT6LRNVKfMfVoeANO4EnlSj';

/** As cookie-signature, which express-session uses, signs. */
const signed = (id: string, secret: string | Uint8Array): string =>
  `${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`;

describe('BR2 connectRedis()', () => {
  const origin = connectRedis({ secret: ['new secret', 'old secret'] });

  it('reads the cookie of express-session, by any of the secrets', () => {
    for (const secret of ['new secret', 'old secret'])
      expect(origin.redisKeyOf(`s:${signed(ID, secret)}`)).toBe(`sess:${ID}`);
  });

  it('reads the cookie that a secret of random bytes signed, which the caller may clear afterwards', () => {
    const secret = randomBytes(32);
    const cookie = `s:${signed(ID, secret)}`;
    const bytes = Buffer.from(secret);
    const binary = connectRedis({ secret: ['new secret', bytes] });
    bytes.fill(0);
    expect(binary.redisKeyOf(cookie)).toBe(`sess:${ID}`);
  });

  it('takes ids of any form, and a prefix of any characters, as they are', () => {
    const odd = connectRedis({ secret: 'new secret', prefix: 'shop:{1}*?[a]:' });
    for (const id of ['user.7.1f', 's:1', '*', 'ünï'])
      for (const mark of ['s:', ''])
        expect(odd.redisKeyOf(mark + signed(id, 'new secret'))).toBe(`shop:{1}*?[a]:${id}`);
  });

  it('reads the cookie of @fastify/session, and takes another prefix', () => {
    const fastify = connectRedis({ cookieName: 'sessionId', secret: 'new secret', prefix: 'shop-' });
    expect(fastify.cookieName).toBe('sessionId');
    expect(fastify.redisKeyOf(signed(ID, 'new secret'))).toBe(`shop-${ID}`);
  });

  it('reads what the package cookie-signature signs', () => {
    // its README has this one: sign('hello', 'tobiiscool')
    const cookie = 'hello.DGDUkGlIkCzPz+C0B064FNgHdEjox7ch8tOBGslZ5QI';
    expect(connectRedis({ secret: 'tobiiscool', prefix: '' }).redisKeyOf(cookie)).toBe('hello');
  });

  it.each([
    '',
    's:',
    '.',
    ID,
    `s:${ID}`,
    `s:${ID}.`,
    signed(ID, 'another secret'),
    `s:${signed(ID, 'new secret')}=`,
    `s:${signed(ID, 'new secret')}A`,
    `s:x${signed(ID, 'new secret')}`,
    `s:s:${signed(ID, 'new secret')}`,
    signed('', 'new secret'),
  ])('ignores %j, which nobody signed', (cookie) => {
    expect(origin.redisKeyOf(cookie)).toBeUndefined();
  });

  it('gives the entries without the attributes of the cookie', () => {
    expect(origin.entriesOf('{"cookie":{"path":"/"},"cart":[1],"passport":{"user":"ann"}}')).toEqual({
      cart: [1],
      passport: { user: 'ann' },
    });
  });

  it.each(['', 'null', '[]', '1', '{', '"text"'])('finds no session in %j', (text) => {
    expect(origin.entriesOf(text)).toBeUndefined();
  });

  it.each([
    [{ secret: '' }, 'secret'],
    [{ secret: [] }, 'secret'],
    [{ secret: Buffer.alloc(0) }, 'secret'],
    [{ secret: ['x', 7] }, 'secret'],
    [{ secret: 'x', cookieName: '' }, 'cookieName'],
    [{ secret: 'x', prefix: 7 }, 'prefix'],
  ])('refuses %j', (options, name) => {
    expect(() => connectRedis(options as never)).toThrow(ImproperlyConfiguredError);
    expect(() => connectRedis(options as never)).toThrow(name);
  });
});
