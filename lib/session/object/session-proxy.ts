import type { Session } from './session.js';
import { sessionMethods, sessionProperties } from './session-methods.js';
import { isStateSymbol, type SessionState } from './session-state.js';

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
  state.isLoaded && Object.hasOwn(state.data, name) ? state.read(name) : ordinary(name);

const write = (state: SessionState, name: string | symbol, value: unknown, trap: unknown): boolean => {
  if (typeof name === 'symbol')
    throw new TypeError("A session's entry is named by a string, not by a symbol");
  refuseReserved(name, `session.set('${name}', value)`);
  state.write(name, value, trap);
  return true;
};

/** One for all sessions: the proxy's target is the session's state. */
const handler: ProxyHandler<SessionState> = {
  get(state, name) {
    if (typeof name === 'symbol') return isStateSymbol(name) ? state : ordinary(name);
    const method = methods.get(name);
    if (method !== undefined) return method;
    const property = properties.get(name);
    if (property !== undefined) {
      state.inspected = true;
      return property(state);
    }
    return INHERITED.has(name) ? inherited(state, name) : state.read(name);
  },

  set: (state, name, value) => write(state, name, value, Reflect.get(handler, 'set')),

  has(state, name) {
    if (typeof name === 'symbol') return Reflect.has(Object.prototype, name);
    return isReserved(name) || state.has(name) || Reflect.has(Object.prototype, name);
  },

  deleteProperty(state, name) {
    if (typeof name === 'symbol') return true;
    refuseReserved(name, `session.delete('${name}')`);
    state.remove(name);
    return true;
  },

  ownKeys: (state) => state.names(),

  getOwnPropertyDescriptor(state, name) {
    if (typeof name === 'symbol' || !state.has(name)) return undefined;
    return { value: state.read(name), writable: true, enumerable: true, configurable: true };
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
