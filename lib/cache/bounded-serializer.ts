import { checkedSerializer } from '../serializer/checked-serializer.js';
import type { Serializer } from '../serializer/serializer.js';
import type { CacheServiceSettings } from './cache-settings.js';
import { MarkableSerializer } from './tags/markable-serializer.js';

/** A value whose text takes more bytes than `cache.maxBytes` allows. */
export class TooLargeValue extends RangeError {}

/** The serializer of a cache, which refuses what the cache cannot store. */
export const serializerFor = (
  { maxBytes, place, tags = false }: CacheServiceSettings,
  serializer: Serializer,
): Serializer => {
  const checked = checkedSerializer(serializer, `${place}serializer`);
  const markable = tags ? new MarkableSerializer(checked) : checked;
  return maxBytes === undefined ? markable : new BoundedSerializer(markable, maxBytes, place);
};

/** A serializer that refuses values whose text is longer than `maxBytes`. */
class BoundedSerializer implements Serializer {
  constructor(
    private readonly serializer: Serializer,
    private readonly maxBytes: number,
    /** The prefix of option names in messages. */
    private readonly place: string,
  ) {}

  dumps(value: unknown): string {
    const text = this.serializer.dumps(value);
    const bytes = Buffer.byteLength(text);
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
