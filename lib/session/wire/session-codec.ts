import { deflateSync, inflateSync } from 'node:zlib';
import { toAscii } from '../../serializer/ascii-json.js';
import type { Serializer } from '../../serializer/serializer.js';
import type { Clock } from '../../common/clock.js';
import { rememberedTexts } from './remembered-texts.js';
import type { SessionData } from './session-data.js';
import type { SessionSigner } from './session-signer.js';

/** The largest JSON a compressed payload may hold, in bytes; a bomb is given up there. */
const MAX_INFLATED = 8 * 1024 * 1024;

/** Shorter JSON gains too little from compression to pay for it. */
const MIN_DEFLATED = 256;

/** Django writes timestamps in base 62. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE_62 = /^[0-9A-Za-z]+$/;

/** JSON that nests too deep to be written has more characters than this: two for each of 500 levels. */
const DEEPEST_IS_LONGER = 1000;

/** What a stored text holds; `problem` says in a few words why it could not be read, and the session is empty. */
export interface DecodedSession {
  readonly data: SessionData;
  /** The ASCII-only JSON of the data as its writer spelled it. */
  readonly json: string;
  /** When it was signed, in milliseconds since the epoch; whole seconds. */
  readonly savedAt?: number;
  readonly problem?: string;
}

/** Turns sessions into `payload:timestamp:signature` and back, as `django.core.signing.dumps(…, compress=True)` does. */
export class SessionCodec {
  readonly #remembered = rememberedTexts();

  constructor(
    private readonly signer: SessionSigner,
    private readonly serializer: Serializer,
    private readonly clock: Clock,
  ) {}

  /**
   * ASCII-only JSON of the data.
   *
   * @throws TypeError when a value is not JSON; it names the path and the cure.
   */
  toJson(data: SessionData): string {
    return toAscii(this.serializer.dumps(data));
  }

  /** Signs what `toJson` gave. */
  seal(json: string): string {
    const seconds = Math.max(0, Math.floor(this.clock.now() / 1000));
    const signed = `${toPayload(json)}:${toBase62(seconds)}`;
    const text = `${signed}:${this.signer.sign(signed)}`;
    this.#remembered.set(text, json);
    return text;
  }

  /** Never throws: whatever is wrong with the text makes the session empty. */
  decode(text: string): DecodedSession {
    const json = this.#remembered.get(text);
    return json === undefined
      ? this.#verify(text)
      : { data: this.fromJson(json) as SessionData, json, savedAt: savedAtOf(text) };
  }

  fromJson(json: string): unknown {
    return this.serializer.loads(json);
  }

  #verify(text: string): DecodedSession {
    const end = text.lastIndexOf(':');
    const signed = text.slice(0, Math.max(0, end));
    if (end < 0 || !this.signer.verify(signed, text.slice(end + 1)))
      return unreadable('its signature is wrong');
    const middle = signed.lastIndexOf(':');
    if (middle < 0 || !BASE_62.test(signed.slice(middle + 1)))
      return unreadable('its timestamp cannot be read');
    try {
      const json = fromPayload(signed.slice(0, middle));
      const data = this.fromJson(json);
      if (!isObject(data)) return unreadable('it is signed, but not an object');
      // what nests deeper than can be written would fail the next save, a login too
      if (json.length > DEEPEST_IS_LONGER) this.toJson(data);
      this.#remembered.set(text, json);
      return { data, json, savedAt: savedAtOf(text) };
    } catch {
      return unreadable('it is signed, but cannot be decoded');
    }
  }
}

const unreadable = (problem: string): DecodedSession => ({ data: {}, json: '{}', problem });

const isObject = (value: unknown): value is SessionData =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toPayload = (json: string): string => {
  const plain = Buffer.from(json, 'latin1');
  if (plain.length < MIN_DEFLATED || plain.length > MAX_INFLATED) return plain.toString('base64url');
  const deflated = deflateSync(plain, { level: 6 });
  return deflated.length < plain.length - 1
    ? `.${deflated.toString('base64url')}`
    : plain.toString('base64url');
};

const fromPayload = (payload: string): string =>
  payload.startsWith('.')
    ? inflateSync(Buffer.from(payload.slice(1), 'base64url'), { maxOutputLength: MAX_INFLATED }).toString(
        'latin1',
      )
    : Buffer.from(payload, 'base64url').toString('latin1');

/** When a text with a timestamp was signed. */
const savedAtOf = (text: string): number => {
  const end = text.lastIndexOf(':');
  return fromBase62(text.slice(text.lastIndexOf(':', end - 1) + 1, end)) * 1000;
};

const fromBase62 = (text: string): number =>
  Array.from(text).reduce((number, digit) => number * 62 + DIGITS.indexOf(digit), 0);

/** A whole number from 0 in base 62, the most significant digit first. */
const toBase62 = (number: number): string => {
  let text = '';
  let rest = number;
  do {
    text = DIGITS.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  } while (rest > 0);
  return text;
};
