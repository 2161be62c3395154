import { SerializationError } from '../errors/serialization.error.js';
import { parseExactly } from './big-number.js';
import { isNativeJson } from './json-check.js';
import { writeJson } from './json-writer.js';
import type { Serializer } from './serializer.js';

/**
 * Compact JSON under one law: what `loads` gives back equals what `dumps` was given, or `dumps` refuses it.
 *
 * Integers beyond ±(2^53−1) are BigInt on this side and bare digits on the other.
 */
export class JsonSerializer implements Serializer {
  /**
   * @throws TypeError for what JSON would lose (Date, Map, undefined, NaN, class instances and the like); the message names
   *   the path and the fix: `user.lastSeen: Date is not JSON; use CacheCoder.dumpDatetime()`.
   */
  dumps(value: unknown): string {
    try {
      if (isNativeJson(value)) return JSON.stringify(value);
    } catch {
      // A getter or a proxy threw: the slow writer finds out where.
    }
    return writeJson(value);
  }

  /** @throws SerializationError when the text is not JSON, or holds a number beyond the range of a double. */
  loads(text: string): unknown {
    if (typeof text !== 'string')
      throw new SerializationError(`A stored value must be text, not ${typeof text}`);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The native SyntaxError quotes the text, so it is not handed on, not even as the cause.
      throw new SerializationError(describeNotJson(text));
    }
    return parseExactly(text, value);
  }
}

/**
 * Holds a value to the law of `JsonSerializer` without keeping its text.
 *
 * @param name what the value is called where it will stand; the path in the error begins with it.
 * @throws TypeError as `dumps` does.
 */
export function assertJson(value: unknown, name?: string): void {
  try {
    if (isNativeJson(value)) return;
  } catch {
    // A getter or a proxy threw: the slow writer finds out where.
  }
  writeJson(value, name === undefined ? undefined : { parent: undefined, key: name });
}

function describeNotJson(text: string): string {
  const guess = looksLikePickle(text) ? '; it looks like a Python pickle' : '';
  return `The stored text of ${text.length} characters is not JSON${guess}`;
}

/** A pickle begins with the byte 0x80, which is no UTF-8, and the number of its protocol. */
function looksLikePickle(text: string): boolean {
  return text.startsWith('\uFFFD') && text.charCodeAt(1) <= 5;
}
