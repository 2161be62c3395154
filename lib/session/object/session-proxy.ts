import { inspect, type InspectOptions } from 'node:util';
import type { Session } from './session.js';
import { sessionMethods, sessionProperties } from './session-methods.js';
import { type SessionState, STATE } from './session-state.js';
import { sessionStateOf } from './state-of.js';
import { entryNames, hasEntry, readEntry, removeEntry, writeEntry } from './session-verbs.js';

/** Reading these says nothing about the entries: promises, inspectors and coercions look at them by themselves. */
const INHERITED = new Set(['then', ...Object.getOwnPropertyNames(Object.prototype)]);

const methods = new Map(Object.entries(sessionMethods));
const properties = new Map(Object.entries(sessionProperties));

const isReserved = (name: string): boolean => methods.has(name) || properties.has(name);

const refuseReserved = (name: string, fix: string): void => {
  if (isReserved(name))
    throw new TypeError(
      `session.${name} is part of the session itself and cannot be assigned or deleted; for an entry of that name use ${fix}`,
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

/** The target of a session's proxy. Inspectors look through a proxy: what they find there must lead to no key. */
class ConcealedState {
  readonly #state: SessionState;

  constructor(state: SessionState) {
    this.#state = state;
  }

  static reveal(target: ConcealedState): SessionState {
    return target.#state;
  }

  /** The text that console.log shows of a session: the entries, never the key. */
  [inspect.custom](this: object, _depth: number, options: InspectOptions): string {
    // an inspector that shows proxies asks the target itself
    const state = #state in this ? this.#state : sessionStateOf(this);
    if (!state.isLoaded) return '{ not loaded }';
    state.use.noteAccess();
    return inspect(Object.fromEntries(state.entries.list()), options);
  }
}

/** One for all sessions. */
const handler: ProxyHandler<ConcealedState> = {
  get(target, name) {
    const state = ConcealedState.reveal(target);
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

  set: (target, name, value) =>
    write(ConcealedState.reveal(target), name, value, Reflect.get(handler, 'set')),

  has(target, name) {
    if (typeof name === 'symbol') return Reflect.has(Object.prototype, name);
    return (
      isReserved(name) || hasEntry(ConcealedState.reveal(target), name) || Reflect.has(Object.prototype, name)
    );
  },

  deleteProperty(target, name) {
    if (typeof name === 'symbol') return true;
    refuseReserved(name, `session.delete('${name}')`);
    removeEntry(ConcealedState.reveal(target), name);
    return true;
  },

  ownKeys: (target) => entryNames(ConcealedState.reveal(target)),

  getOwnPropertyDescriptor(target, name) {
    const state = ConcealedState.reveal(target);
    if (typeof name === 'symbol' || !hasEntry(state, name)) return undefined;
    return { value: readEntry(state, name), writable: true, enumerable: true, configurable: true };
  },

  defineProperty(target, name, descriptor) {
    if (!('value' in descriptor))
      throw new TypeError("A session's entry is a value; it has no getter or setter");
    return write(
      ConcealedState.reveal(target),
      name,
      descriptor.value,
      Reflect.get(handler, 'defineProperty'),
    );
  },

  getPrototypeOf: () => Object.prototype,
  setPrototypeOf: () => false,
  preventExtensions: () => false,
};

/** The Session of a state. */
export const sessionOf = <T extends object>(state: SessionState): Session<T> =>
  new Proxy(new ConcealedState(state), handler) as unknown as Session<T>;
