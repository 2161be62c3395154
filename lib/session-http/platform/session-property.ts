import type { SessionExchange } from '../session-exchange.js';

const ownGetters = new WeakSet();

/**
 * `request.session` of an application: on what its requests inherit from, or on a raw request. A session of another kind
 * may take its place, for this application only. Assigning null is refused, because the stored session would remain.
 */
export const sessionProperty = <Request extends object>(
  exchangeOf: (request: Request) => SessionExchange | undefined,
): { readonly get: (this: Request) => unknown; readonly set: (this: Request, value: unknown) => void } => {
  function get(this: Request): unknown {
    const exchange = exchangeOf(this);
    return exchange?.replacement === undefined ? exchange?.visibleSession : exchange.replacement;
  }
  function set(this: Request, value: unknown): void {
    if (value === null || value === undefined)
      throw new TypeError(
        `Assigning ${String(value)} to request.session does not end the session; await session.flush() for that`,
      );
    const exchange = exchangeOf(this);
    if (exchange !== undefined) exchange.replacement = value;
    else
      Object.defineProperty(this, 'session', {
        configurable: true,
        writable: true,
        enumerable: true,
        value,
      });
  }
  ownGetters.add(get);
  return { get, set };
};

/** Takes away what an application of another platform, in which this one is mounted, has put on a raw request. */
export const showOwnSession = (request: object): void => {
  const get: unknown = Reflect.get(Object.getOwnPropertyDescriptor(request, 'session') ?? {}, 'get');
  if (typeof get === 'function' && ownGetters.has(get)) Reflect.deleteProperty(request, 'session');
};
