import { declareSessionGetter, isOwnSession } from '../../common/session-access.js';
import {
  holdsForeign,
  isPinned,
  keepForeign,
  type SessionProperty,
  withdrawSession,
} from '../pinned-session.js';
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
    else if (isPinned(this)) keepForeign(this, value);
    else giveOwn(this, 'session', value);
  }
  declareSessionGetter(get);
  return { get, set };
};

/** `request.sessionID` of an application, as express-session gives it: the key of the session. */
export const sessionIdProperty = <Request extends object>(
  exchangeOf: (request: Request) => SessionExchange | undefined,
): SessionProperty<Request> => ({
  get() {
    return exchangeOf(this)?.session.key;
  },
  set(value) {
    if (exchangeOf(this) !== undefined)
      throw new TypeError(
        'request.sessionID is the key of the session and cannot be assigned; session.cycleKey() gives it a new one',
      );
    giveOwn(this, 'sessionID', value);
  },
});

/** Gives a request without a session of this module a property of another's. */
const giveOwn = (request: object, name: 'session' | 'sessionID', value: unknown): void => {
  Object.defineProperty(request, name, { configurable: true, writable: true, enumerable: true, value });
};

/**
 * Refuses a request that has a session of another kind when it comes. A session that another platform's application, in
 * which this one is mounted, has put on it is removed.
 */
export const refusalOfGiven = (request: object): Error | undefined => {
  if (!Object.hasOwn(request, 'session')) return undefined;
  if (isPinned(request)) {
    if (holdsForeign(request)) return refusalOfGivenSession();
    withdrawSession(request);
    return undefined;
  }
  if (!isOwnSession(request)) return refusalOfGivenSession();
  Reflect.deleteProperty(request, 'session');
  return undefined;
};
