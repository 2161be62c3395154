import type { Serializer } from '../serializer/serializer.js';

/** A value whose text takes more bytes than `cache.maxBytes` allows. */
export class TooLargeValue extends RangeError {}

/** A serializer that refuses values whose text is longer than `maxBytes`. */
export class BoundedSerializer implements Serializer {
  constructor(
    private readonly serializer: Serializer,
    private readonly maxBytes: number,
    /** What stands before the name of an option in messages. */
    private readonly place: string,
  ) {}

  dumps(value: unknown): string {
    const text = this.serializer.dumps(value);
    const bytes = typeof text === 'string' ? Buffer.byteLength(text) : 0;
    if (bytes > this.maxBytes)
      throw new TooLargeValue(
        `the value takes ${bytes} bytes, and ${this.place}maxBytes allows ${this.maxBytes}; store less, or raise the option`,
      );
    return text;
  }

  loads(text: string): unknown {
    return this.serializer.loads(text);
  }
}
