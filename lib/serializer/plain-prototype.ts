/**
 * Plain objects and arrays of another realm (a `vm` context, Jest's among them) have another `Object.prototype`.
 * Its constructor is known by its native source, which no class of an application has.
 */
export function isForeignObjectPrototype(prototype: unknown): boolean {
  return isForeign(prototype, Object);
}

export function isForeignArrayPrototype(prototype: unknown): boolean {
  return isForeign(prototype, Array);
}

const { isRawJSON } = JSON as { isRawJSON?: (value: object) => boolean };

/**
 * True for a result of `JSON.rawJSON()`, from Node 21 on: it has no prototype, and JSON.stringify writes what it holds.
 */
export function isRawJson(value: object): boolean {
  return isRawJSON?.(value) === true;
}

const known = new WeakMap<object, unknown>();

function isForeign(prototype: unknown, native: ObjectConstructor | ArrayConstructor): boolean {
  if (typeof prototype !== 'object' || prototype === null || 'toJSON' in prototype) return false;
  if (known.has(prototype)) return known.get(prototype) === native;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || constructor === native) return false;
  const own = Object.getOwnPropertyDescriptor(constructor, 'prototype');
  if (own?.value !== prototype || own.writable !== false) return false;
  if (sourceOf(constructor) !== sourceOf(native)) return false;
  known.set(prototype, native);
  return true;
}

function sourceOf(constructor: object): string {
  return Function.prototype.toString.call(constructor);
}
