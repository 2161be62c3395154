import type { JsonPlace } from './json-path.js';
import { describeRefused, refuse } from './json-refusal.js';
import { type Ancestors, enter, readPlainContainer } from './plain-container.js';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/**
 * True if the native `JSON.stringify` writes this number so that it reads back as the same number. Not so from 2^53 up
 * to 1e21: there it writes bare digits, which read back as a BigInt.
 */
export function isNativeNumber(value: number): boolean {
  return (
    (value <= MAX_SAFE && value >= -MAX_SAFE) ||
    (value >= 1e21 && value < Infinity) ||
    (value <= -1e21 && value > -Infinity)
  );
}

/**
 * JSON text of a value, each part read and judged before it is written. Knows what the native writer does not:
 * BigInt beyond ±(2^53−1) as bare digits, and whole numbers of that size with an exponent, so that they come
 * back as numbers.
 *
 * @throws TypeError with the path of the first part that would not come back equal.
 */
export function writeJson(value: unknown, place?: JsonPlace): string {
  return write(value, place, []);
}

function write(value: unknown, place: JsonPlace | undefined, ancestors: Ancestors): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (isNativeNumber(value)) return JSON.stringify(value);
      if (Number.isFinite(value)) return value.toExponential();
      break;
    case 'bigint':
      if (value > MAX_SAFE || value < -MAX_SAFE) return value.toString();
      break;
    case 'object':
      if (value === null) return 'null';
      return enter(value, place, ancestors, () => writeContainer(value, place, ancestors));
    default:
  }
  throw refuse(place, describeRefused(value));
}

function writeContainer(container: object, parent: JsonPlace | undefined, ancestors: Ancestors): string {
  const contents = readPlainContainer(container, parent);
  if (contents.isArray) {
    const items = contents.items.map((item, key) => write(item, { parent, key }, ancestors));
    return `[${items.join(',')}]`;
  }
  const entries = contents.entries.map(
    ([key, item]) => `${JSON.stringify(key)}:${write(item, { parent, key }, ancestors)}`,
  );
  return `{${entries.join(',')}}`;
}
