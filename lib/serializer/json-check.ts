// Speed only (dumps of a medium value ×4): without this file all tests pass.
import { isNativeNumber } from './json-writer.js';
import { MAX_DEPTH } from './plain-container.js';
import { isForeignArrayPrototype, isForeignObjectPrototype, isRawJson } from './plain-prototype.js';

/**
 * True if `JSON.stringify` writes the value without loss. `false` may also mean that only the slow writer can tell, and
 * a getter or proxy that throws does so here too.
 *
 * Every `set` pays for this walk, hence the repetition and the plain loops: a helper per value doubles the cost.
 */
export function isNativeJson(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return isNativeNumber(value);
  // Array.prototype inherits what was put on Object.prototype.
  if (typeof value !== 'object' || 'toJSON' in Array.prototype) return false;
  return isNativeContainer(value, MAX_DEPTH);
}

function isNativeContainer(value: object, depth: number): boolean {
  if (depth === 0) return false;
  return Array.isArray(value) ? isNativeArray(value, depth) : isNativeObject(value, depth);
}

function isNativeArray(array: unknown[], depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(array);
  if (prototype !== Array.prototype && !isForeignArrayPrototype(prototype)) return false;
  const { length } = array;
  if (countEntries(array) !== length) return false;
  if (Object.getOwnPropertySymbols(array).length > 0 || Object.hasOwn(array, 'toJSON')) return false;
  for (let index = 0; index < length; index += 1) {
    const item = array[index];
    if (item !== array[index]) return false;
    if (typeof item === 'string' || typeof item === 'boolean' || item === null) continue;
    if (typeof item === 'number') {
      if (!isNativeNumber(item)) return false;
    } else if (typeof item !== 'object' || !isNativeContainer(item, depth - 1)) {
      return false;
    }
  }
  return true;
}

/** Elements and further properties together; of long arrays, values are cheaper to list than names. */
function countEntries(array: unknown[]): number {
  return array.length < 8 ? Object.keys(array).length : Object.values(array).length;
}

function isNativeObject(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (
    prototype === null
      ? isRawJson(value)
      : prototype !== Object.prototype && !isForeignObjectPrototype(prototype)
  )
    return false;
  if (Object.getOwnPropertySymbols(value).length > 0 || Object.hasOwn(value, 'toJSON')) return false;
  const record = value as Record<string, unknown>;
  for (const name in record) {
    const item = record[name];
    // A getter may answer differently when it is asked again, and JSON.stringify does ask again.
    if (item !== record[name]) return false;
    if (typeof item === 'string' || typeof item === 'boolean' || item === null) continue;
    if (typeof item === 'number') {
      if (!isNativeNumber(item)) return false;
    } else if (typeof item !== 'object' || !isNativeContainer(item, depth - 1)) {
      return false;
    }
  }
  return true;
}
