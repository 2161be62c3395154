import { isNativeNumber, MAX_DEPTH } from './json-check.js';
import { formatPath, type JsonPlace } from './json-path.js';
import { describeRefused, refuse } from './json-refusal.js';
import { isForeignArrayPrototype, isForeignObjectPrototype } from './plain-prototype.js';

/** The containers around a value, outermost first, each with the place it stands at. */
type Ancestors = { readonly container: object; readonly place: JsonPlace | undefined }[];

/** What decides whether a container is plain, read in one go. */
interface Anatomy {
  readonly isArray: boolean;
  readonly prototype: unknown;
  readonly symbols: readonly symbol[];
  readonly toJson: unknown;
  readonly keys: readonly string[];
  readonly length: number;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

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
      return value === null ? 'null' : writeContainer(value, place, ancestors);
    default:
  }
  throw refuse(place, describeRefused(value));
}

function writeContainer(container: object, place: JsonPlace | undefined, ancestors: Ancestors): string {
  const cycle = ancestors.find((ancestor) => ancestor.container === container);
  if (cycle) {
    throw refuse(
      place,
      `a cycle is not JSON; it leads back to ${formatPath(cycle.place) || 'the value itself'}`,
    );
  }
  if (ancestors.length >= MAX_DEPTH)
    throw refuse(place, `nested deeper than ${MAX_DEPTH} levels; flatten it`);
  const anatomy = guarded(place, () => readAnatomy(container));
  refuseUnlessPlain(container, anatomy, place);
  ancestors.push({ container, place });
  const text = anatomy.isArray
    ? `[${writeItems(container, anatomy, place, ancestors).join(',')}]`
    : `{${writeEntries(container, anatomy, place, ancestors).join(',')}}`;
  ancestors.pop();
  return text;
}

function readAnatomy(container: object & { toJSON?: unknown; length?: unknown }): Anatomy {
  const isArray = Array.isArray(container);
  return {
    isArray,
    prototype: Object.getPrototypeOf(container) as unknown,
    symbols: Object.getOwnPropertySymbols(container),
    toJson: container.toJSON,
    keys: Object.keys(container),
    length: isArray ? container.length : 0,
  };
}

function refuseUnlessPlain(container: object, anatomy: Anatomy, place: JsonPlace | undefined): void {
  const { isArray, prototype } = anatomy;
  const isPlain = isArray
    ? prototype === Array.prototype || isForeignArrayPrototype(prototype)
    : prototype === Object.prototype || prototype === null || isForeignObjectPrototype(prototype);
  if (!isPlain) throw refuse(place, describeRefused(container));
  if (anatomy.symbols.length > 0) throw refuse(place, 'a symbol as key is not JSON; use a string');
  if (typeof anatomy.toJson === 'function') {
    throw refuse(place, 'an object with toJSON() comes back as something else; store what toJSON() returns');
  }
}

function writeItems(
  array: object,
  anatomy: Anatomy,
  parent: JsonPlace | undefined,
  ancestors: Ancestors,
): string[] {
  const names = new Set(anatomy.keys);
  const items: string[] = [];
  for (let key = 0; key < anatomy.length; key += 1) {
    const place = { parent, key };
    if (!names.delete(String(key)))
      throw refuse(place, 'a hole is not JSON; fill it, with null for instance');
    items.push(write(readTwice(array, key, place), place, ancestors));
  }
  for (const key of names) {
    throw refuse({ parent, key }, 'a named property of an array is not JSON; use a plain object');
  }
  return items;
}

function writeEntries(
  object: object,
  anatomy: Anatomy,
  parent: JsonPlace | undefined,
  ancestors: Ancestors,
): string[] {
  return anatomy.keys.map((key) => {
    const place = { parent, key };
    return `${JSON.stringify(key)}:${write(readTwice(object, key, place), place, ancestors)}`;
  });
}

function readTwice(container: object, key: string | number, place: JsonPlace): unknown {
  const first = guarded(place, () => Reflect.get(container, key) as unknown);
  const second = guarded(place, () => Reflect.get(container, key) as unknown);
  if (!Object.is(first, second)) {
    throw refuse(place, 'a getter that answers differently each time is not JSON; store what it returns');
  }
  return first;
}

/** Runs what may run code of the value: a getter, the traps of a proxy. */
function guarded<T>(place: JsonPlace | undefined, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refuse(place, 'it cannot be read, a getter or a proxy threw; store plain data', error);
  }
}
