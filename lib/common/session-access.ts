/** The use of a request's session so far. */
export interface SessionAccess {
  /** True if anything looked at it. */
  readonly read: boolean;
  /** True if something of it was set, deleted, moved or ended. */
  readonly written: boolean;
}

/**
 * The use of the session of a response's request; `undefined` if nobody asked for one. Cached responses know nothing
 * else of sessions.
 */
export type SessionAccessOf = (response: object) => SessionAccess | undefined;

const ownGetters = new WeakSet<object>();

/** Says that a getter of `request.session` is the module's own. */
export const declareSessionGetter = (getter: object): void => {
  ownGetters.add(getter);
};

/** True if a request's own property `session` is the module's. */
export const isOwnSession = (request: object): boolean => {
  const getter: unknown = Reflect.get(Object.getOwnPropertyDescriptor(request, 'session') ?? {}, 'get');
  return typeof getter === 'function' && ownGetters.has(getter);
};
