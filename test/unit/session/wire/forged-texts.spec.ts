import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { systemClock } from '../../../../lib/common/clock.js';
import { JsonSerializer } from '../../../../lib/serializer/json-serializer.js';
import { SharedCodec } from '../../../support/shared-codec.js';
import { SessionSigner } from '../../../../lib/session/wire/session-signer.js';

const SECRET = 'a secret key for the tests that is long enough';
const SALT = 'django.contrib.sessions.SessionStore';

const codecOf = (secret = SECRET, salt = SALT): SharedCodec =>
  new SharedCodec(new SessionSigner([secret], salt), new JsonSerializer(), systemClock);

const seal = (entries: object, codec = codecOf()): string => codec.seal(JSON.stringify(entries));

/** A reader that has seen none of the texts. */
const problemOf = (text: string): string | undefined => {
  const { data, problem } = codecOf().decode(text);
  if (problem !== undefined) expect(data).toEqual({});
  return problem;
};

const hmac = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('base64url');

const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64url');

describe('forged session texts', () => {
  const entries = { _auth_user_id: '7', note: 'x'.repeat(40) };
  const text = seal(entries);
  const [payload = '', timestamp = '', signature = ''] = text.split(':');
  const admin = base64(JSON.stringify({ _auth_user_id: '1' }));

  it('the one that was signed is read', () => {
    expect(codecOf().decode(text).data).toEqual(entries);
  });

  it('no other character at any place is read', () => {
    const other = fc.constantFrom(...Array.from('AZaz09-_:.=+/ \0é'));
    fc.assert(
      fc.property(fc.nat(text.length - 1), other, (at, letter) => {
        const forged = text.slice(0, at) + letter + text.slice(at + 1);
        expect(problemOf(forged)).toBe(forged === text ? undefined : 'its signature is wrong');
      }),
      { numRuns: 3000 },
    );
  });

  it('none that is cut, doubled or added to is read', () => {
    const forged = [
      ...Array.from({ length: text.length }, (_, at) => text.slice(0, at)),
      ...Array.from({ length: text.length }, (_, at) => text.slice(at + 1)),
      ...['=', '==', '\n', ' ', '\0', ':', `:${signature}`].flatMap((more) => [text + more, more + text]),
      text + text,
    ];
    for (const each of forged) expect(problemOf(each)).toBe('its signature is wrong');
  });

  it('no part of one text fits into another', () => {
    const other = seal({ _auth_user_id: '1', note: 'y'.repeat(40) }).split(':');
    const parts = [
      [payload, other[0]!],
      [timestamp, `${timestamp}0`],
      [signature, other[2]!],
    ] as const;
    for (const first of parts[0])
      for (const second of parts[1])
        for (const third of parts[2]) {
          const mixed = [first, second, third].join(':');
          const isOwn = mixed === text || mixed === other.join(':');
          expect(problemOf(mixed)).toBe(isOwn ? undefined : 'its signature is wrong');
        }
  });

  it.each([
    ['another secret key', seal(entries, codecOf('another secret key'))],
    ['the salt of something else', seal(entries, codecOf(SECRET, 'django.core.signing'))],
    ['no signature', `${admin}:${timestamp}`],
    ['an empty signature', `${admin}:${timestamp}:`],
    [
      'the signature in base64 of another alphabet',
      `${payload}:${timestamp}:${signature.replaceAll('-', '+')}=`,
    ],
    ['the bare secret key as the key of the HMAC', `${admin}:1r31eq:${hmac(SECRET, `${admin}:1r31eq`)}`],
    ['an empty key of the HMAC', `${admin}:1r31eq:${hmac('', `${admin}:1r31eq`)}`],
    ['the form of Django before 3.1', base64(`${hmac(SECRET, admin)}:{"_auth_user_id":"1"}`)],
    ['a JWT without a signature', `${base64('{"alg":"none"}')}.${admin}.`],
    ['a text of connect-redis', '{"cookie":{},"_auth_user_id":"1"}'],
    ['a pickle', base64(Uint8Array.of(0x80, 4, 0x7d, 0x94, 0x2e))],
    ['nothing', ''],
    ['colons alone', ':::::'],
  ])('none is read with %s', (_, forged) => {
    if (forged !== text) expect(problemOf(forged)).toBe('its signature is wrong');
  });

  it.each([
    ['not JSON', base64('{')],
    ['no object', base64('[1]')],
    ['null', base64('null')],
    ['a number beyond all', base64('{"a":1e999}')],
    ['a bomb', `.${base64(deflateSync(Buffer.alloc(64 * 1024 * 1024, '[')))}`],
    ['a broken deflate', `.${base64('not deflated')}`],
    ['the deflate of something else', `.${base64(deflateSync('{"a":1}')).slice(0, -8)}`],
    ['ten thousand levels', base64(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
    ['a name of Object', base64('{"__proto__":{"isAdmin":true}}')],
  ])('what is signed but holds %s harms nobody', (_, signedPayload) => {
    const signed = `${signedPayload}:1r31eq`;
    const { data } = codecOf().decode(`${signed}:${new SessionSigner([SECRET], SALT).sign(signed)}`);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(data['isAdmin']).toBeUndefined();
  });
});
