import { describeValue } from '../common/describe-value.js';
import { refusePromise, syncResult } from '../common/sync-result.js';
import { JsonSerializer } from './json-serializer.js';
import type { Serializer } from './serializer.js';

const own: Serializer = JsonSerializer.prototype;

/**
 * A serializer whose results are checked, where it is the application's own.
 *
 * @param option the option that gives it, for messages
 */
export const checkedSerializer = (serializer: Serializer, option: string): Serializer =>
  isOfThisModule(serializer) ? serializer : new CheckedSerializer(serializer, option);

/** True if it is a JsonSerializer that overrides nothing. */
const isOfThisModule = (serializer: Serializer): boolean =>
  (['dumps', 'loads'] as const).every((name) => serializer[name] === own[name]);

/** A serializer whose `dumps` must make text, and whose `loads` must not make a promise. */
class CheckedSerializer implements Serializer {
  constructor(
    private readonly serializer: Serializer,
    private readonly option: string,
  ) {}

  dumps(value: unknown): string {
    const text: unknown = this.serializer.dumps(value);
    if (typeof text === 'string') return text;
    throw new TypeError(
      `${this.option}: dumps() must return a string, got ${describeValue(syncResult(text))}`,
    );
  }

  loads(text: string): unknown {
    return refusePromise(this.serializer.loads(text), `${this.option}: loads()`);
  }
}
