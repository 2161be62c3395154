/** Prototypes of other realms (a `vm` context, Jest's among them) that were found to be the real ones. */
const knownForeign = new WeakSet<object>();

/** Whether this is the `Object.prototype` of some realm. */
export function isObjectPrototype(prototype: unknown): boolean {
  return prototype === Object.prototype || isForeign(prototype, Object);
}

/** Whether this is the `Array.prototype` of some realm. */
export function isArrayPrototype(prototype: unknown): boolean {
  return prototype === Array.prototype || (Array.isArray(prototype) && isForeign(prototype, Array));
}

/** A constructor of another realm is known by its native source, which no class of an application has. */
function isForeign(prototype: unknown, native: ObjectConstructor | ArrayConstructor): boolean {
  if (typeof prototype !== 'object' || prototype === null) return false;
  if (knownForeign.has(prototype)) return true;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || constructor === native) return false;
  const own = Object.getOwnPropertyDescriptor(constructor, 'prototype');
  if (own?.value !== prototype || own.writable !== false || sourceOf(constructor) !== sourceOf(native))
    return false;
  knownForeign.add(prototype);
  return true;
}

function sourceOf(constructor: object): string {
  return Function.prototype.toString.call(constructor);
}
