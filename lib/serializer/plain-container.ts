import { formatPath, type JsonPlace } from './json-path.js';
import { describeRefused, refuse } from './json-refusal.js';
import { isForeignArrayPrototype, isForeignObjectPrototype, isRawJson } from './plain-prototype.js';

/**
 * The most levels of nesting in a value. Python's json module gives up near 1,000, and a walk of this depth stays far
 * from the end of the stack.
 */
export const MAX_DEPTH = 500;

/** The containers around a value, outermost first, each with the place it stands at. */
export type Ancestors = { readonly container: object; readonly place: JsonPlace | undefined }[];

/** The contents of a plain container, each value read. */
export type PlainContents =
  | { readonly isArray: true; readonly items: readonly unknown[] }
  | { readonly isArray: false; readonly entries: readonly (readonly [string, unknown])[] };

/** The facts that decide whether a container is plain, read in one go. */
interface Anatomy {
  readonly isArray: boolean;
  readonly prototype: unknown;
  readonly symbols: readonly symbol[];
  readonly toJson: unknown;
  readonly keys: readonly string[];
  readonly length: number;
}

/**
 * Steps into a container for the time of `visit`.
 *
 * @throws TypeError when it stands in itself, or too deep.
 */
export function enter<T>(
  container: object,
  place: JsonPlace | undefined,
  ancestors: Ancestors,
  visit: () => T,
): T {
  const cycle = ancestors.find((ancestor) => ancestor.container === container);
  if (cycle) {
    throw refuse(
      place,
      `a cycle is not JSON; it leads back to ${formatPath(cycle.place) || 'the value itself'}`,
    );
  }
  if (ancestors.length >= MAX_DEPTH)
    throw refuse(place, `nested deeper than ${MAX_DEPTH} levels; flatten it`);
  ancestors.push({ container, place });
  const result = visit();
  ancestors.pop();
  return result;
}

/**
 * Lists what stands in a plain object or array.
 *
 * @throws TypeError for what JSON would lose of it: a class, a symbol as key, a hole, toJSON, a fickle getter.
 */
export function readPlainContainer(container: object, place: JsonPlace | undefined): PlainContents {
  const anatomy = guarded(place, () => readAnatomy(container));
  refuseUnlessPlain(container, anatomy, place);
  if (anatomy.isArray) return { isArray: true, items: readItems(container, anatomy, place) };
  const entries = anatomy.keys.map((key) => [key, readTwice(container, { parent: place, key })] as const);
  return { isArray: false, entries };
}

function readAnatomy(container: object & { toJSON?: unknown }): Anatomy {
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
  if (prototype === null && isRawJson(container))
    throw refuse(place, 'raw JSON comes back as what it stands for; store that itself');
  if (anatomy.symbols.length > 0) throw refuse(place, 'a symbol as key is not JSON; use a string');
  if (typeof anatomy.toJson === 'function') {
    throw refuse(place, 'an object with toJSON() comes back as something else; store what toJSON() returns');
  }
}

function readItems(array: object, anatomy: Anatomy, parent: JsonPlace | undefined): unknown[] {
  const names = new Set(anatomy.keys);
  const items: unknown[] = [];
  for (let key = 0; key < anatomy.length; key += 1) {
    const place = { parent, key };
    if (!names.delete(String(key)))
      throw refuse(place, 'a hole is not JSON; fill it, with null for instance');
    items.push(readTwice(array, place));
  }
  for (const key of names) {
    throw refuse({ parent, key }, 'a named property of an array is not JSON; use a plain object');
  }
  return items;
}

function readTwice(container: object, place: JsonPlace): unknown {
  const first = guarded(place, () => Reflect.get(container, place.key) as unknown);
  const second = guarded(place, () => Reflect.get(container, place.key) as unknown);
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
