import { describeValue } from '../common/describe-value.js';
import { syncResult } from '../common/sync-result.js';

/** Turns values into the text that stands in Redis and back. Plug in your own with `cache.serializer`. */
export interface Serializer {
  /**
   * The text of a value.
   *
   * @throws TypeError when `loads` could not give an equal value back; it names the path and the fix.
   */
  dumps(value: unknown): string;

  /**
   * The value of a text.
   *
   * @throws SerializationError when the text is not this serializer's.
   */
  loads(text: string): unknown;
}

export const isSerializer = (value: unknown): value is Serializer =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<Serializer>).dumps === 'function' &&
  typeof (value as Partial<Serializer>).loads === 'function';

/**
 * The text that `dumps` of a serializer made.
 *
 * @param option the option that gives the serializer
 * @throws TypeError for anything but text, such as a promise
 */
export const dumpedText = (made: unknown, option: string): string => {
  if (typeof made === 'string') return made;
  throw new TypeError(`${option}: dumps() must return a string, got ${describeValue(syncResult(made))}`);
};
