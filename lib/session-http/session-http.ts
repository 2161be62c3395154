import type { IncomingMessage } from 'node:http';
import { sessionLogger } from '../common/loggers.js';
import type { SessionSettings } from '../config/settings.js';
import { SessionStateError } from '../errors/session.errors.js';
import type { EarlierSession } from '../session/object/session-identity.js';
import type { SessionState } from '../session/object/session-state.js';
import { cookieValues } from '../session/wire/cookie-header.js';
import { sessionKeysAmong } from '../session/wire/session-key.js';
import type { SessionService } from '../session/session.service.js';
import type { Clock } from '../common/clock.js';
import { SessionCookie } from './headers/session-cookie.js';
import type { ExcludedRoutes } from './excluded-routes.js';
import { isSecure, type PlatformRequest } from './platform-request.js';
import { SessionHeaders } from './headers/session-headers.js';

/** Shared by the exchanges of one application. */
export class SessionHttp {
  readonly cookie: SessionCookie;
  readonly headers: SessionHeaders;
  readonly #readLate = new Set<string>();
  #hasWarnedOfPlainHttp = false;

  constructor(
    readonly service: SessionService,
    readonly settings: SessionSettings,
    readonly clock: Clock,
    /** The paths without a session. */
    readonly excluded: ExcludedRoutes,
  ) {
    this.cookie = new SessionCookie(settings.cookie);
    this.headers = new SessionHeaders(settings.cacheControl);
  }

  /** True if every session is loaded before anything of the application runs, rather than by the guard. */
  get loadsEarly(): boolean {
    const { load, mount } = this.settings;
    return load === 'always' && mount === 'global';
  }

  /**
   * True if the session of a request is loaded before anything of the application runs. Of its cookie only the name is
   * looked for: nothing but speed may depend on the answer.
   */
  isLoadedEarly(request: IncomingMessage): boolean {
    const { cookie } = request.headers;
    return (
      this.loadsEarly &&
      cookie !== undefined &&
      cookie.includes(`${this.settings.cookie.name}=`) &&
      !this.isExcluded(request)
    );
  }

  /** The message for access to a session that has not been loaded. */
  get notLoaded(): string {
    const { load, mount } = this.settings;
    if (load === 'declared')
      return (
        "The session has not been loaded: with session.load 'declared' the guard loads it, for handlers with a @Session() " +
        'parameter or @UseSession(). What runs before the guard needs the middleware loadSession before it'
      );
    return mount === 'manual'
      ? "The session has not been loaded: with session.mount 'manual' mark the handler with @UseGuards(SessionGuard), or " +
          'put the middleware loadSession before what runs before the guard'
      : 'The session has not been loaded, since the request did not pass the middleware of its application; await ' +
          'SessionService.ensureLoaded(session) first';
  }

  /** True if the path of a request has no session. */
  isExcluded(request: IncomingMessage): boolean {
    return this.excluded.has(request);
  }

  /** The session cookies that the client sent: beside a key, other texts are ignored. */
  presentedBy(request: IncomingMessage): Presented {
    const { cookie } = request.headers;
    const values = cookieValues(cookie, this.settings.cookie.name);
    const keys = sessionKeysAmong(values);
    const earlier = this.settings.migrateFrom && this.service.earlierSession(cookie);
    if (earlier !== undefined) return { kind: 'key', keys, earlier };
    if (values.length === 0) return NOTHING;
    return keys.length === 0 ? MALFORMED : { kind: 'key', keys };
  }

  /** The Set-Cookie header that gives the client the key of a session that was stored. */
  cookieFor({ keeper, entries, identity }: SessionState): string {
    const age = keeper.lifetime.cookieAge(entries.data);
    // rounded up, so that the cookie does not go before the session
    const maxAge = age === undefined ? undefined : Math.ceil(age);
    return this.cookie.issue(identity.stored ?? '', maxAge, this.clock.now());
  }

  /** Tells listeners of a cookie that is no session key. */
  rejectMalformed(request: IncomingMessage): void {
    this.service.reject(cookieValues(request.headers.cookie, this.settings.cookie.name)[0] ?? '');
  }

  /**
   * The Set-Cookie header that deletes the cookie of the earlier application; `undefined` where it has the name of the
   * session cookie, which takes its place.
   */
  get earlierCookieExpired(): string | undefined {
    const { cookie, migrateFrom } = this.settings;
    if (migrateFrom === undefined || migrateFrom.cookieName === cookie.name) return undefined;
    return this.cookie.expire(migrateFrom.cookieName);
  }

  /** Once for each route: an access log reads the session of every request. */
  warnOfLateRead(route: string): void {
    if (this.#readLate.has(route)) return;
    this.#readLate.add(route);
    sessionLogger.warn(
      `The session of ${route} was read after its response had begun, and had not been loaded; it reads as empty`,
    );
  }

  /** Once: a browser drops a secure cookie that comes over plain HTTP, but for those that trust localhost. */
  warnOfPlainHttp(request: PlatformRequest): void {
    if (this.#hasWarnedOfPlainHttp || !this.settings.cookie.secure || isSecure(request)) return;
    this.#hasWarnedOfPlainHttp = true;
    sessionLogger.warn(
      'A session cookie that is secure was set on a response over plain HTTP, from which browsers do not take it. Behind a proxy ' +
        "that speaks TLS, have it send X-Forwarded-Proto and trust it: app.set('trust proxy', 1) with Express, " +
        'new FastifyAdapter({ trustProxy: true }) with Fastify. Without TLS set session.cookie.secure to false. (Further cases ' +
        'are not reported.)',
    );
  }

  /** True if the client sent a malformed session cookie, which the response deletes. */
  presentsMalformed(request: IncomingMessage): boolean {
    return this.presentedBy(request).kind === 'malformed';
  }
}

/**
 * The session cookies of a client: `malformed` when no value can be a session key, so that the response deletes it.
 */
export interface Presented {
  readonly kind: 'nothing' | 'malformed' | 'key';
  readonly keys: readonly string[];
  /** The session that the cookie of an earlier application names. */
  readonly earlier?: EarlierSession;
}

const NOTHING: Presented = { kind: 'nothing', keys: [] };
const MALFORMED: Presented = { kind: 'malformed', keys: [] };

/** The message for a handler that accesses the session without declaring it, where that is needed. */
export const undeclaredSession = (): SessionStateError =>
  new SessionStateError(
    "With session.load 'declared' a handler gets the session when it has a @Session() parameter or is marked " +
      'with @UseSession(); this one has neither',
  );
