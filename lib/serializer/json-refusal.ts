import { types } from 'node:util';
import { formatPath, type JsonPlace } from './json-path.js';

/** The TypeError for a value JSON would lose: where it stands, what it is, what to do. */
export function refuse(place: JsonPlace | undefined, problem: string, cause?: unknown): TypeError {
  const path = formatPath(place);
  return new TypeError(
    `${path === '' ? 'The value' : path}: ${problem}`,
    cause === undefined ? undefined : { cause },
  );
}

const OMIT = 'leave it out or use null';
const COPY = 'copy what you need into a plain object';
const BYTES = 'use CacheCoder.dumpBytes()';

/** By the name of the constructor, where a fix is better than copying. */
const FIXES: Readonly<Record<string, string>> = {
  Date: 'use CacheCoder.dumpDatetime()',
  'Temporal.Instant': 'use CacheCoder.dumpDatetime()',
  'Temporal.ZonedDateTime': 'use CacheCoder.dumpDatetime()',
  'Temporal.PlainDateTime': 'use CacheCoder.dumpDatetime()',
  'Temporal.PlainDate': 'use CacheCoder.dumpDate()',
  'Temporal.PlainTime': 'use CacheCoder.dumpTime()',
  'Temporal.Duration': 'use CacheCoder.dumpTimedelta()',
  Decimal: 'use CacheCoder.dumpDecimal()',
  Map: 'use CacheCoder.dumpMap()',
  Set: 'use CacheCoder.dumpSet()',
  Buffer: BYTES,
  ArrayBuffer: BYTES,
  SharedArrayBuffer: 'copy it into a Uint8Array, then use CacheCoder.dumpBytes()',
  DataView: BYTES,
  WeakMap: 'it cannot be listed; keep what you need in a plain object',
  WeakSet: 'it cannot be listed; keep what you need in an array',
  Promise: 'await it first',
  RegExp: 'store its source',
  URL: 'store its href',
  Error: 'store its name and message',
};

/** Describes a value that is neither a JSON primitive nor a plain object or array. */
export function describeRefused(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return `undefined is not JSON; ${OMIT}`;
    case 'function':
      return 'a function is not JSON; leave it out';
    case 'symbol':
      return 'a symbol is not JSON; use a string';
    case 'bigint':
      return 'a BigInt that a number can hold would come back as a number; convert it with Number(), or use CacheCoder.dumpBigint()';
    case 'number':
      return `${String(value)} is not JSON; ${OMIT}`;
    case 'object':
      return value === null ? 'null is JSON' : describeObject(value);
    default:
      return `${typeof value} is not JSON`;
  }
}

function describeObject(value: object): string {
  const name = typeName(value);
  if (types.isBoxedPrimitive(value)) return `a boxed ${name} is not JSON; use its valueOf()`;
  if (ArrayBuffer.isView(value)) return `${name} is not JSON; ${BYTES}`;
  const fix = Object.hasOwn(FIXES, name) ? FIXES[name] : undefined;
  if (fix !== undefined) return `${name} is not JSON; ${fix}`;
  if (types.isNativeError(value)) return `${name} is not JSON; ${FIXES['Error'] ?? COPY}`;
  if (name === 'Object') return `an object with a prototype of its own is not JSON; ${COPY}`;
  if (Array.isArray(value)) return `${name}, a subclass of Array, is not JSON; copy it with Array.from()`;
  return `an instance of ${name} is not JSON; ${COPY}`;
}

/** The name of a value's type, found without running any code of the value. */
export function typeName(value: object): string {
  if (types.isProxy(value)) return 'Proxy';
  const seen = new Set<object>();
  for (let at: unknown = Object.getPrototypeOf(value); isInspectable(at) && !seen.has(at);) {
    seen.add(at);
    const tag: unknown = Object.getOwnPropertyDescriptor(at, Symbol.toStringTag)?.value;
    if (typeof tag === 'string' && tag.startsWith('Temporal.')) return tag;
    const constructor: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof constructor === 'function') {
      const name: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
      if (typeof name === 'string' && name !== '') return name;
    }
    at = Object.getPrototypeOf(at);
  }
  return 'an unnamed class';
}

function isInspectable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !types.isProxy(value);
}
