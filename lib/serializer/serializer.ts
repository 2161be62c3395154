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
