import type { Shape } from './shape.js';

/**
 * A stored value without the fields that its shape does not name, such as those of an earlier shape, or of another
 * program. A value of another kind than the shape's stays as it is: loading it finds that.
 */
export function namedFields(stored: unknown, shape: Shape): unknown {
  if (typeof shape === 'string' || typeof stored !== 'object' || stored === null) return stored;
  if (!isCompound(shape)) return Array.isArray(stored) ? stored : fieldsOf(stored, shape);
  switch (shape[0]) {
    case 'nullable':
    case 'optional':
      return namedFields(stored, shape[1]);
    case 'list':
    case 'set':
      return Array.isArray(stored) ? stored.map((item) => namedFields(item, shape[1])) : stored;
    case 'record':
      return Array.isArray(stored) ? stored : eachField(stored, shape[1]);
    case 'map':
      return mapOf(stored, shape[1], shape[2]);
    default:
      return stored;
  }
}

function isCompound(shape: Exclude<Shape, string>): shape is Extract<Shape, readonly unknown[]> {
  return Array.isArray(shape);
}

function fieldsOf(stored: object, fields: { readonly [key: string]: Shape }): object {
  const named = Object.entries(stored).flatMap(([key, field]) => {
    const shape = Object.hasOwn(fields, key) ? fields[key] : undefined;
    return shape === undefined ? [] : [[key, namedFields(field, shape)] as const];
  });
  return Object.fromEntries(named);
}

function eachField(stored: object, shape: Shape): object {
  return Object.fromEntries(Object.entries(stored).map(([key, field]) => [key, namedFields(field, shape)]));
}

/** Pairs, or an object, as Python writes a dict. */
function mapOf(stored: object, keys: Shape, values: Shape): unknown {
  if (!Array.isArray(stored)) return eachField(stored, values);
  return stored.map((pair: unknown) =>
    Array.isArray(pair) && pair.length === 2
      ? [namedFields(pair[0], keys), namedFields(pair[1], values)]
      : pair,
  );
}
