import type { Serializer } from '../../serializer/serializer.js';
import { isMarked } from '../../store/tagged-text.js';

/** A serializer whose texts can be marked as tagged: none ends in a blank by itself. */
export class MarkableSerializer implements Serializer {
  constructor(private readonly serializer: Serializer) {}

  dumps(value: unknown): string {
    const text = this.serializer.dumps(value);
    if (isMarked(text))
      throw new TypeError(
        'the text that the serializer made ends in a blank, which a cache with tags takes for its mark; trim it',
      );
    return text;
  }

  loads(text: string): unknown {
    return this.serializer.loads(text);
  }
}
