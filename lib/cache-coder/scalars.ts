import { types } from 'node:util';
import type { JsonPlace } from '../serializer/json-path.js';
import { matchText, unexpected } from './expected.js';

const UUID = 'the text of a UUID, such as 123e4567-e89b-12d3-a456-426614174000';
const UUID_TEXT =
  /^(?:urn:uuid:)?(?<open>\{)?(?<a>[\da-f]{8})-?(?<b>[\da-f]{4})-?(?<c>[\da-f]{4})-?(?<d>[\da-f]{4})-?(?<e>[\da-f]{12})\}?$/i;
const HEX = 'bytes as hexadecimal text';
const NOT_HEX = /[^\da-f \t\n\r\f\v]/i;
const BLANKS = /[ \t\n\r\f\v]+/;
const INTEGER = 'an integer, as text or as a number JavaScript holds exactly';
const INTEGER_TEXT = /^[+-]?\d+$/;

/** JavaScript has no type of its own for a UUID: it is checked, and written as Python writes it. */
export function dumpUuid(value: string, place?: JsonPlace): string {
  return canonicalUuid(value, place);
}

export function loadUuid(raw: unknown, place?: JsonPlace): string {
  return canonicalUuid(raw, place);
}

/** Python's UUID also reads braces, `urn:uuid:` and no hyphens; it writes lower case with hyphens. */
function canonicalUuid(raw: unknown, place: JsonPlace | undefined): string {
  const { a = '', b = '', c = '', d = '', e = '' } = matchText(UUID_TEXT, place, UUID, raw);
  return [a, b, c, d, e].join('-').toLowerCase();
}

export function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return types.isUint8Array(value) || types.isArrayBuffer(value);
}

/** Of a typed array or DataView, the bytes it shows. */
export function dumpBytes(value: ArrayBufferView | ArrayBuffer, place?: JsonPlace): string {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  }
  if (types.isArrayBuffer(value)) return Buffer.from(value).toString('hex');
  throw unexpected(place, 'a Buffer, an ArrayBuffer or a view of one', value);
}

/** Blanks between bytes are read too, as Python reads them. */
export function loadBytes(raw: unknown, place?: JsonPlace): Buffer {
  if (typeof raw !== 'string' || NOT_HEX.test(raw)) throw unexpected(place, HEX, raw);
  const chunks = raw.split(BLANKS);
  if (chunks.some((chunk) => chunk.length % 2 !== 0)) throw unexpected(place, HEX, raw);
  return Buffer.from(chunks.join(''), 'hex');
}

/** Text, since a small integer in JSON would come back as a number. */
export function dumpBigint(value: bigint, place?: JsonPlace): string {
  if (typeof value !== 'bigint') throw unexpected(place, 'a BigInt', value);
  return value.toString();
}

/** Integers written bare, by Python for instance, are read too: exactly, whatever their size. */
export function loadBigint(raw: unknown, place?: JsonPlace): bigint {
  if (typeof raw === 'bigint' || Number.isSafeInteger(raw)) return BigInt(raw as bigint | number);
  matchText(INTEGER_TEXT, place, INTEGER, raw);
  return BigInt(String(raw).replace('+', ''));
}
