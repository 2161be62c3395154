import { declareSessionGetter, isOwnSession } from '../../common/session-access.js';
import { isPinned, type SessionProperty, withdrawSession } from '../pinned-session.js';
import type { SessionExchange } from '../session-exchange.js';
import { refusalOfGivenSession, type SessionReaders } from './foreign-sessions.js';

/**
 * `request.session` of an application: on what its requests inherit from, or on a raw request. A session of another kind
 * may take its place, for this application only. Assigning null is refused, because the stored session would remain.
 */
export const sessionProperty = <Request extends object>(
  exchangeOf: (request: Request) => SessionExchange | undefined,
  readers?: SessionReaders,
): SessionProperty<Request> => {
  function get(this: Request): unknown {
    const exchange = exchangeOf(this);
    if (exchange !== undefined) readers?.check(this, get);
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
  declareSessionGetter(get);
  return { get, set };
};

/**
 * Refuses a request that has a session of another kind when it comes. A session that another platform's application, in
 * which this one is mounted, has put on it is removed.
 */
export const refusalOfGiven = (request: object): Error | undefined => {
  if (!Object.hasOwn(request, 'session')) return undefined;
  if (isPinned(request)) {
    withdrawSession(request);
    return undefined;
  }
  if (!isOwnSession(request)) return refusalOfGivenSession();
  Reflect.deleteProperty(request, 'session');
  return undefined;
};
