import { types } from 'node:util';
import { Concealed } from '../common/concealed.js';
import type { Kind } from './option.js';

/** The first encrypts, all decrypt; 32 bytes each. */
export type EncryptionKeys = readonly [Uint8Array, ...Uint8Array[]];

const KEY_BYTES = 32;
const BASE64 = /^[A-Za-z0-9_+/-]{43}=?$/;

/** Keys of A256GCM. */
export const encryptionKeys = (): Kind<readonly (string | Uint8Array)[], Concealed<EncryptionKeys>> => ({
  expected:
    'a non-empty array of keys, each of 32 random bytes: a Uint8Array, or text such as ' +
    'crypto.randomBytes(32).toString("base64url") gives',
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isEncryptionKey),
  read: (text) => text,
  settle: (value) => new Concealed(value.map(bytesOf) as unknown as EncryptionKeys),
});

const isEncryptionKey = (value: unknown): boolean =>
  typeof value === 'string' ? BASE64.test(value) : value instanceof Uint8Array && value.length === KEY_BYTES;

/** A copy, because the caller may clear the original. */
const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? Buffer.from(value, 'base64url') : Uint8Array.from(value);

/** A point in time; milliseconds since the epoch in the settings. */
export const moment = (): Kind<Date, number> => ({
  expected: 'a valid Date',
  accepts: (value) => types.isDate(value) && !Number.isNaN(value.getTime()),
  read: (text) => text,
  settle: (value) => value.getTime(),
});
