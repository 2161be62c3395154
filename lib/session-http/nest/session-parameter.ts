/** On the factory of `@Session()`, by which a handler's parameters are told apart. */
const SESSION_PARAMETER = Symbol('codex-redis:session-parameter');

/** Marks the factory of a parameter decorator as one that gives the session. */
export const asSessionParameter = <T extends object>(factory: T): T =>
  Object.assign(factory, { [SESSION_PARAMETER]: true });

export const isSessionParameter = (factory: unknown): boolean =>
  typeof factory === 'function' && SESSION_PARAMETER in factory;
