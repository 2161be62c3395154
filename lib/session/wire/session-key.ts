import { randomBytes } from './random-bytes.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 32;
const SHAPE = /^[a-z0-9]{32}$/;

/** Bytes from here on would make the first letters of the alphabet likelier. */
const BIAS_FROM = 256 - (256 % ALPHABET.length);

/** A new session key: 32 characters of `a-z0-9` from the system's cryptographic random numbers. */
export const newSessionKey = (): string => {
  let key = '';
  while (key.length < LENGTH)
    for (const byte of randomBytes(LENGTH - key.length))
      if (byte < BIAS_FROM) key += ALPHABET.charAt(byte % ALPHABET.length);
  return key;
};

/** The session key that belongs to a digest of 32 bytes: the same for the same digest. */
export const keyFromDigest = (digest: Uint8Array): string =>
  Array.from(digest.subarray(0, LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('');

/** True if a text may be a session key; anything else never reaches the store. */
export const isSessionKey = (text: unknown): text is string => typeof text === 'string' && SHAPE.test(text);

/** The most cookies of one name that are looked at. */
const MOST_KEYS = 4;

/** The texts that may be session keys, without duplicates. */
export const sessionKeysAmong = (texts: readonly unknown[]): readonly string[] => {
  const keys: string[] = [];
  for (const text of texts)
    if (keys.length < MOST_KEYS && isSessionKey(text) && !keys.includes(text)) keys.push(text);
  return keys;
};
