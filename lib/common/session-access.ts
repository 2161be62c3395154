/** What was done with the session of a request so far. */
export interface SessionAccess {
  /** Whether anything looked at it. */
  readonly read: boolean;
  /** Whether something of it was set, deleted, moved or ended. */
  readonly written: boolean;
}

/**
 * What was done with the session of a response's request; `undefined` where nobody asked for one. All that cached
 * responses know of sessions.
 */
export type SessionAccessOf = (response: object) => SessionAccess | undefined;

const ownGetters = new WeakSet<object>();

/** Says that a getter of `request.session` is the module's own. */
export const declareSessionGetter = (getter: object): void => {
  ownGetters.add(getter);
};

/** Whether a request's own property `session` is the module's. */
export const isOwnSession = (request: object): boolean => {
  const getter: unknown = Reflect.get(Object.getOwnPropertyDescriptor(request, 'session') ?? {}, 'get');
  return typeof getter === 'function' && ownGetters.has(getter);
};
