import { types } from 'node:util';
import type { JsonPlace } from '../serializer/json-path.js';
import { dumpNested } from './dump.js';
import { unexpected } from './expected.js';
import { loadNested } from './load.js';
import type { Hints, JsonValue, Shape } from './shape.js';

/** Of these a value is its own stored form, so that nothing else is converted to one. */
const PLAIN: ReadonlySet<Shape> = new Set<keyof Hints>(['string', 'number', 'boolean', 'uuid']);

/**
 * JSON of what a shape names, read from any object, an instance of an ORM's class included; what it does not name is
 * left out. What stands in its stored form already, such as the text of a decimal as many ORMs give it, is taken too.
 */
export function dumpShaped(value: unknown, shape: Shape, place?: JsonPlace): JsonValue {
  if (shape === 'json') return value as JsonValue; // checked, with its path, by the serializer
  if (typeof shape === 'string') return dumpScalar(value, shape, shape, place);
  if (!isCompound(shape)) return dumpFields(value, shape, place);
  switch (shape[0]) {
    case 'nullable':
      return value === null ? null : dumpShaped(value, shape[1], place);
    case 'optional':
      return dumpShaped(value, shape[1], place);
    case 'list':
    case 'set':
      return itemsOf(value, place).map((item, key) => dumpShaped(item, shape[1], { parent: place, key }));
    case 'record':
      return Object.fromEntries(
        entriesOf(value, place).map(([key, item]) => [
          key,
          dumpShaped(item, shape[1], { parent: place, key }),
        ]),
      );
    case 'map':
      return dumpMap(value, shape[1], shape[2], place);
    default:
      return dumpScalar(value, shape, shape[0], place);
  }
}

function isCompound(shape: Exclude<Shape, string>): shape is Extract<Shape, readonly unknown[]> {
  return Array.isArray(shape);
}

/** Loading it finds what is of another kind than the shape says, before it is stored. */
function dumpScalar(value: unknown, shape: Shape, hint: Shape, place: JsonPlace | undefined): JsonValue {
  if (PLAIN.has(hint)) return dumpNested(loadNested(value, shape, place), place);
  const stored = isDecimal128(value) ? String(value) : dumpNested(value, place);
  return dumpNested(loadNested(stored, shape, place), place);
}

/** MongoDB's, which says its digits as text. */
function isDecimal128(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { _bsontype?: unknown })._bsontype === 'Decimal128'
  );
}

function dumpFields(
  value: unknown,
  fields: { readonly [key: string]: Shape },
  parent: JsonPlace | undefined,
): JsonValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isPromise(value))
    throw unexpected(parent, 'an object with the fields of the shape', value);
  const entries: [string, JsonValue][] = [];
  for (const [key, shape] of Object.entries(fields)) {
    const field: unknown = Reflect.get(value, key);
    if (field === undefined && shape[0] === 'optional') continue;
    const place = { parent, key };
    if (field === undefined) throw unexpected(place, 'a value', field);
    entries.push([key, dumpShaped(field, shape, place)]);
  }
  return Object.fromEntries(entries);
}

function dumpMap(value: unknown, keys: Shape, values: Shape, parent: JsonPlace | undefined): JsonValue {
  if (!types.isMap(value)) throw unexpected(parent, 'a Map', value);
  return [...(value as ReadonlyMap<unknown, unknown>)].map(([key, item], index) => {
    const place = { parent, key: index };
    return [
      dumpShaped(key, keys, { parent: place, key: 0 }),
      dumpShaped(item, values, { parent: place, key: 1 }),
    ];
  });
}

/** An array, a Set, or a collection of an ORM. */
function itemsOf(value: unknown, place: JsonPlace | undefined): unknown[] {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value)
    return [...(value as Iterable<unknown>)];
  throw unexpected(place, 'an array, a Set or another iterable', value);
}

function entriesOf(value: unknown, place: JsonPlace | undefined): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unexpected(place, 'an object', value);
  return Object.entries(value);
}
