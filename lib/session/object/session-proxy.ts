import type { Session } from './session.js';
import { sessionMethods, sessionProperties } from './session-methods.js';
import { type SessionState, STATE } from './session-state.js';
import { entryNames, hasEntry, readEntry, removeEntry, writeEntry } from './session-verbs.js';

/** Reading these says nothing about the entries: promises, inspectors and coercions look at them by themselves. */
const INHERITED = new Set(['then', ...Object.getOwnPropertyNames(Object.prototype)]);

const methods = new Map(Object.entries(sessionMethods));
const properties = new Map(Object.entries(sessionProperties));

const isReserved = (name: string): boolean => methods.has(name) || properties.has(name);

const refuseReserved = (name: string, cure: string): void => {
  if (isReserved(name))
    throw new TypeError(
      `session.${name} is part of the session itself and cannot be assigned or deleted; for an entry of that name use ${cure}`,
    );
};

const ordinary = (name: string | symbol): unknown => Reflect.get(Object.prototype, name);

const inherited = (state: SessionState, name: string): unknown =>
  state.isLoaded && Object.hasOwn(state.entries.data, name) ? readEntry(state, name) : ordinary(name);

const write = (state: SessionState, name: string | symbol, value: unknown, trap: unknown): boolean => {
  if (typeof name === 'symbol')
    throw new TypeError("A session's entry is named by a string, not by a symbol");
  refuseReserved(name, `session.set('${name}', value)`);
  writeEntry(state, name, value, trap);
  return true;
};

/** One for all sessions: the proxy's target is the session's state. */
const handler: ProxyHandler<SessionState> = {
  get(state, name) {
    if (typeof name === 'symbol') return name === STATE ? state : ordinary(name);
    const method = methods.get(name);
    if (method !== undefined) return method;
    const property = properties.get(name);
    if (property !== undefined) {
      state.use.noteInspection();
      return property(state);
    }
    return INHERITED.has(name) ? inherited(state, name) : readEntry(state, name);
  },

  set: (state, name, value) => write(state, name, value, Reflect.get(handler, 'set')),

  has(state, name) {
    if (typeof name === 'symbol') return Reflect.has(Object.prototype, name);
    return isReserved(name) || hasEntry(state, name) || Reflect.has(Object.prototype, name);
  },

  deleteProperty(state, name) {
    if (typeof name === 'symbol') return true;
    refuseReserved(name, `session.delete('${name}')`);
    removeEntry(state, name);
    return true;
  },

  ownKeys: (state) => entryNames(state),

  getOwnPropertyDescriptor(state, name) {
    if (typeof name === 'symbol' || !hasEntry(state, name)) return undefined;
    return { value: readEntry(state, name), writable: true, enumerable: true, configurable: true };
  },

  defineProperty(state, name, descriptor) {
    if (!('value' in descriptor))
      throw new TypeError("A session's entry is a value; it has no getter or setter");
    return write(state, name, descriptor.value, Reflect.get(handler, 'defineProperty'));
  },

  getPrototypeOf: () => Object.prototype,
  setPrototypeOf: () => false,
  preventExtensions: () => false,
};

/** The Session of a state. */
export const sessionOf = <T extends object>(state: SessionState): Session<T> =>
  new Proxy(state, handler) as unknown as Session<T>;
