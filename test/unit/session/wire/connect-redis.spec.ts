import { createHmac } from 'node:crypto';
import { connectRedis } from '../../../../lib/session/wire/connect-redis.js';
import { ImproperlyConfiguredError } from '../../../../lib/errors/improperly-configured.error.js';

const ID = 'T_bTUg9a-YT6LRNVKfMfVoeANO4EnlSj';

/** As cookie-signature, which express-session uses, signs. */
const signed = (id: string, secret: string): string =>
  `${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`;

describe('BR2 connectRedis()', () => {
  const origin = connectRedis({ secret: ['new secret', 'old secret'] });

  it('reads the cookie of express-session, by any of the secrets', () => {
    for (const secret of ['new secret', 'old secret'])
      expect(origin.redisKeyOf(`s:${signed(ID, secret)}`)).toBe(`sess:${ID}`);
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
    [{ secret: 'x', cookieName: '' }, 'cookieName'],
    [{ secret: 'x', prefix: 7 }, 'prefix'],
  ])('refuses %j', (options, name) => {
    expect(() => connectRedis(options as never)).toThrow(ImproperlyConfiguredError);
    expect(() => connectRedis(options as never)).toThrow(name);
  });
});
