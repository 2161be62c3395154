import { SerializationError } from '../errors/serialization.error.js';
import type { Serializer } from '../serializer/serializer.js';

/**
 * The value of an entry's text.
 *
 * @throws SerializationError naming the key.
 */
export const load = (serializer: Serializer, key: string, text: string): unknown => {
  try {
    return serializer.loads(text);
  } catch (error) {
    throw unreadable([[key, error]]);
  }
};

/**
 * The values of those entries that exist.
 *
 * @throws SerializationError naming every key whose text cannot be read.
 */
export const loadMany = (
  serializer: Serializer,
  keys: readonly string[],
  texts: readonly (string | null)[],
): Map<string, unknown> => {
  const values = new Map<string, unknown>();
  const failures: [key: string, error: unknown][] = [];
  keys.forEach((key, index) => {
    const text = texts[index];
    if (text === null || text === undefined) return;
    try {
      values.set(key, serializer.loads(text));
    } catch (error) {
      failures.push([key, error]);
    }
  });
  if (failures.length > 0) throw unreadable(failures);
  return values;
};

const unreadable = (failures: readonly (readonly [key: string, error: unknown])[]): SerializationError => {
  // Errors of other serializers may quote the value, as JSON.parse does.
  const causes = failures.map(([, error]) => error).filter((error) => error instanceof SerializationError);
  return new SerializationError(
    failures.map(([key, error]) => `cache key ${JSON.stringify(key)}: ${reason(error)}`).join('; '),
    causes.length === 0 ? undefined : { cause: causes.length === 1 ? causes[0] : new AggregateError(causes) },
  );
};

/** The message of another error may quote the value. */
const reason = (error: unknown): string =>
  error instanceof SerializationError
    ? error.message
    : `the serializer cannot read it (${error instanceof Error ? error.name : typeof error})`;
