import { jest } from '@jest/globals';
import fc from 'fast-check';
import { constants, deflateRawSync, inflateSync } from 'node:zlib';
import { JsonSerializer } from '../../../../lib/serializer/json-serializer.js';
import { SharedCodec } from '../../../support/shared-codec.js';
import type { SessionData } from '../../../../lib/session/wire/session-data.js';
import { SessionSigner } from '../../../../lib/session/wire/session-signer.js';
import { SessionService } from '../../../../lib/session/session.service.js';
import { systemClock } from '../../../../lib/common/clock.js';
import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';
import { sessionSettings } from '../../../support/sessions.js';

const SECRET = 'secret';
const SALT = 'django.contrib.sessions.SessionStore';
const signer = new SessionSigner([SECRET], SALT);
const codec = new SharedCodec(signer, new JsonSerializer(), systemClock);

const encode = (data: SessionData): string => codec.seal(codec.toJson(data));
const payloadOf = (text: string): string => text.split(':')[0]!;

/** A zlib stream of a gigabyte of zeros in one megabyte: a byte-aligned block of zeros, over and over. */
const bomb = (): string => {
  const block = deflateRawSync(Buffer.alloc(1024 * 1024), { finishFlush: constants.Z_FULL_FLUSH });
  const stream = Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array.from({ length: 1024 }, () => block)]);
  const signed = `.${stream.toString('base64url')}:1r31eq`;
  return `${signed}:${signer.sign(signed)}`;
};

describe('SessionCodec', () => {
  const anyBigInt = fc.bigInt({ max: -(2n ** 53n) }).map((value) => value);
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
      anyBigInt,
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  const data = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '1')), json);

  it('S31 decode(encode(x)) is x, in ASCII', () => {
    fc.assert(
      fc.property(data, (entries) => {
        const text = encode(entries);
        expect(text).toMatch(/^\.?[A-Za-z0-9_-]*:[0-9A-Za-z]+:[A-Za-z0-9_-]{43}$/);
        const decoded = codec.decode(text);
        expect(decoded.problem).toBeUndefined();
        expect(decoded.data).toEqual(entries);
        expect(Object.keys(decoded.data)).toEqual(Object.keys(entries));
        expect(decoded.json).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  it('S31 so are the encode and decode of SessionService', () => {
    const sessions = new SessionService(new MemoryStore(), sessionSettings(), systemClock);
    fc.assert(
      fc.property(data, (entries) => {
        expect(sessions.decode(sessions.encode(entries))).toEqual({ ...entries });
      }),
    );
  });

  it('S32 no other text is accepted', () => {
    const text = encode({ user: 1 });
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, instead) => {
        const changed = text.slice(0, at) + instead + text.slice(at + 1);
        if (changed !== text) expect(codec.decode(changed)).toMatchObject({ data: {}, problem: /./ });
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (any) => codec.decode(any).problem !== undefined));
  });

  it('S32 the signature hangs on the secret and on the salt', () => {
    const text = encode({ a: 1 });
    for (const [secret, salt] of [
      ['other', SALT],
      [SECRET, 'myapp.sessions.SessionStore'],
    ] as const) {
      const other = new SharedCodec(new SessionSigner([secret], salt), new JsonSerializer(), systemClock);
      expect(other.decode(text).problem).toContain('signature');
    }
  });

  it('S33 a bomb of a gigabyte costs no memory and gives an empty session', () => {
    const text = bomb();
    const before = process.memoryUsage().rss;
    expect(codec.decode(text)).toMatchObject({ data: {}, problem: /decoded/ });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('S31 a session larger than that bound is written so that it can be read', () => {
    const entries = { text: 'a'.repeat(9 * 1024 * 1024) };
    expect(codec.decode(encode(entries)).data).toEqual(entries);
  });

  it('S31 compresses where that pays', () => {
    const entries = { list: Array.from({ length: 200 }, (_, index) => `item ${index}`) };
    const payload = payloadOf(encode(entries));
    expect(payload.startsWith('.')).toBe(true);
    expect(inflateSync(Buffer.from(payload.slice(1), 'base64url')).toString()).toBe(JSON.stringify(entries));
    expect(payloadOf(encode({ a: 1 }))).toBe('eyJhIjoxfQ');
  });

  it('S31 signs with the seconds of the clock', () => {
    const at = (ms: number): string =>
      new SharedCodec(signer, new JsonSerializer(), { now: () => ms }).seal('{}').split(':')[1]!;
    expect(at(1_700_000_000_999)).toBe('1r31eq');
    expect(at(0)).toBe('0');
  });

  it('tells sessions apart in logs, without their keys', () => {
    const [one, two] = [signer.fingerprint('a'.repeat(32)), signer.fingerprint('b'.repeat(32))];
    expect(one).toMatch(/^[A-Za-z0-9_-]{12}$/);
    expect(one).not.toBe(two);
    expect(new SessionSigner(['other'], SALT).fingerprint('a'.repeat(32))).not.toBe(one);
  });

  describe('remembers what it signed or verified', () => {
    const counted = () => {
      const own = new SessionSigner([SECRET], SALT);
      const verify = jest.spyOn(own, 'verify');
      return { codec: new SharedCodec(own, new JsonSerializer(), systemClock), verify };
    };

    it('verifies a text once, and its own never', () => {
      const { codec: reader, verify } = counted();
      const foreign = encode({ user: 1 });
      const own = reader.seal('{"user":2}');
      for (let i = 0; i < 3; i++) {
        expect(reader.decode(foreign).data).toEqual({ user: 1 });
        expect(reader.decode(own).data).toEqual({ user: 2 });
      }
      expect(verify).toHaveBeenCalledTimes(1);
    });

    it('gives each reader entries of its own', () => {
      const text = encode({ cart: [1] });
      (codec.decode(text).data['cart'] as number[]).push(2);
      expect(codec.decode(text).data).toEqual({ cart: [1] });
    });

    it('S32 refuses a forged text as often as it comes', () => {
      const { codec: reader, verify } = counted();
      const text = reader.seal('{"user":2}');
      const forged = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`;
      for (let i = 0; i < 3; i++) expect(reader.decode(forged).problem).toBe('its signature is wrong');
      expect(verify).toHaveBeenCalledTimes(3);
    });

    it('only while they are few and short', () => {
      const { codec: reader, verify } = counted();
      const long = reader.seal(JSON.stringify({ note: 'x'.repeat(20_000) }));
      const early = reader.seal('{"user":0}');
      for (let user = 1; user <= 20_000; user++) reader.seal(`{"user":${user}}`);
      expect(reader.decode(long).problem).toBeUndefined();
      expect(reader.decode(early).problem).toBeUndefined();
      expect(verify).toHaveBeenCalledTimes(2);
    });
  });
});
