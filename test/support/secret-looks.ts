import { inspect, type InspectOptions, types } from 'node:util';

type Look = (value: unknown) => string | undefined;

const inspecting =
  (options: InspectOptions): Look =>
  (value) =>
    inspect(value, { maxArrayLength: null, maxStringLength: null, ...options });

const DEEP = 5;

/** Every way in which an application, or its logger, may look at one value. */
const LOOKS: Readonly<Record<string, Look>> = {
  'util.inspect': inspecting({ depth: DEEP }),
  'util.inspect with showHidden': inspecting({ depth: DEEP, showHidden: true }),
  'util.inspect with getters': inspecting({ depth: DEEP, getters: true }),
  'console.dir': inspecting({ depth: DEEP, customInspect: false }),
  'util.inspect with showProxy': inspecting({ depth: DEEP, customInspect: false, showProxy: true }),
  'JSON.stringify': (value) => JSON.stringify(value),
  String: (value) => String(value),
};

/** What stands in a value itself; the walk goes on with what it leads to. */
const itself = (value: unknown): string => {
  // only inspectors get at what these hold
  const isClosed =
    types.isProxy(value) || types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value);
  const depth = isClosed ? DEEP : 0;
  return (
    inspecting({ depth, showHidden: true, getters: true, customInspect: false, showProxy: true })(value) ?? ''
  );
};

/** A way by which a secret is shown: of a root, or of what it leads to. */
export interface Shown {
  readonly path: string;
  readonly how: string;
}

/** What inspectors find in an object: its own properties, hidden ones and accessors too, and what collections hold. */
const partsOf = (value: object): [string, unknown][] => {
  const parts: [string, unknown][] = [];
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value)))
    parts.push([name, valueOf(value, descriptor)]);
  for (const symbol of Object.getOwnPropertySymbols(value))
    parts.push([String(symbol), valueOf(value, Object.getOwnPropertyDescriptor(value, symbol)!)]);
  if (types.isMap(value)) for (const [key, entry] of value) parts.push(['a key', key], ['an entry', entry]);
  if (types.isSet(value)) for (const entry of value) parts.push(['an entry', entry]);
  return parts;
};

const valueOf = (owner: object, { value, get }: PropertyDescriptor): unknown => {
  try {
    return get === undefined ? value : get.call(owner);
  } catch {
    return undefined; // an accessor that refuses shows nothing
  }
};

/** JSON of a cycle, a revoked proxy: what throws shows nothing. */
const lookedAt = (look: Look, value: unknown): string => {
  try {
    return look(value) ?? '';
  } catch {
    return '';
  }
};

const isWalkable = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/**
 * Looks at a value and at all it leads to, however deep, in every way; the ways by which one of the secrets is shown.
 */
export const showingsOf = (
  root: unknown,
  secrets: readonly string[],
): { readonly shown: readonly Shown[]; readonly walked: number } => {
  const shown: Shown[] = [];
  const note = (path: string, how: string, text: string): void => {
    if (secrets.some((secret) => text.includes(secret))) shown.push({ path, how });
  };
  for (const [how, look] of Object.entries(LOOKS)) note('', how, lookedAt(look, root));
  const seen = new Set<object>();
  const waiting: [path: string, value: object][] = isWalkable(root) ? [['', root]] : [];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, value] = next;
    if (seen.has(value)) continue;
    seen.add(value);
    note(path, 'a walk', lookedAt(itself, value));
    for (const [name, part] of partsOf(value)) if (isWalkable(part)) waiting.push([`${path}.${name}`, part]);
  }
  return { shown, walked: seen.size };
};
