import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpMappedError } from '../errors/http-mapped.error.js';
import { SessionStateError } from '../errors/session.errors.js';
import type { SessionRequest } from '../session/object/session-request.js';
import { type SessionState, sessionStateOf } from '../session/object/session-state.js';
import type { Session } from '../session/object/session.js';
import { ignore } from '../common/ignore.js';
import { logFailedRequest, SERVICE_UNAVAILABLE, suggestRetry } from './failed-requests.js';
import type { FailureReply } from './gate/failure-reply.js';
import type { HeaderLines } from './gate/header-lines.js';
import { HeldResponse } from './gate/held-response.js';
import type { ResponseBase } from './gate/response-base.js';
import { type PlatformRequest, routeOf } from './route-of.js';
import { isMalformed, type SessionHttp } from './session-http.js';

const SERVER_ERROR = 500;
const BAD_REQUEST = 400;

/**
 * What the guard made of the handler: `unknown` until it has run and where there is nothing to load, `granted`,
 * `skipped` by `@SkipSession()`, or `undeclared` where only handlers that declare the session load it.
 */
type Access = 'unknown' | 'granted' | 'skipped' | 'undeclared';

/** One request with its response and their session. */
export class SessionExchange extends HeldResponse implements SessionRequest {
  access: Access = 'unknown';
  /** Whether the client sent a session cookie that is none of ours, and is to be taken away. */
  readonly isMalformed: boolean;
  /** Private to the runtime too: it knows the secret keys, and whoever logs a request would log them. */
  readonly #http: SessionHttp;
  readonly #presented: string | undefined;
  /** The request as the platform's handlers have it. */
  carrier: PlatformRequest;
  #session: Session | undefined;
  #committing: Promise<void> | undefined;
  #failure: { readonly error: Error } | undefined;
  #hasFailed = false;
  #isFailureLogged = false;

  constructor(
    http: SessionHttp,
    request: IncomingMessage,
    response: ServerResponse,
    base: ResponseBase,
    /** Puts the gate on the response, which has none while nobody asks for the session. */
    private readonly gate: (exchange: SessionExchange) => void = ignore,
  ) {
    super(response, base);
    this.carrier = request as PlatformRequest;
    this.#http = http;
    this.#presented = http.presentedBy(request);
    this.isMalformed = isMalformed(this.#presented);
  }

  /** The session, loaded or not; the first look at it costs no command. */
  get session(): Session {
    if (this.#session === undefined) {
      this.#session = this.#http.service.open(this.#presented);
      const state = sessionStateOf(this.#session);
      state.request = this;
      state.identity.isNavigation = this.response.req.headers['sec-fetch-mode'] === 'navigate';
      if (this.phase !== 'open' || this.response.headersSent) this.#close();
      else this.gate(this);
    }
    return this.#session;
  }

  /** What `request.session` gives to the handler and everything around it. */
  get visibleSession(): Session {
    const { session } = this;
    if (this.access === 'undeclared' && !this.#wasLoaded && !this.isOver)
      throw new SessionStateError(
        "With session.load 'declared' a handler gets the session when it has a @Session() parameter or is marked " +
          'with @UseSession(); this one has neither',
      );
    return session;
  }

  /** Whether the response has begun to leave, or the client has gone. */
  get isOver(): boolean {
    const { response, phase } = this;
    return (
      phase !== 'open' || response.headersSent || response.destroyed || response.socket?.destroyed === true
    );
  }

  get notLoaded(): string {
    const { load, mount } = this.#http.settings;
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

  warnOfLateRead(): void {
    this.#http.warnOfLateRead(routeOf(this.carrier));
  }

  /** Whether the handler has a session though nothing mounted the guard that is to load it. */
  get isUnguarded(): boolean {
    return this.access === 'unknown' && this.#http.settings.mount === 'manual' && !this.#wasLoaded;
  }

  get #wasLoaded(): boolean {
    const state = this.#state();
    return state !== undefined && (state.accessed || (state.isLoaded && this.#presented !== undefined));
  }

  /** What a look at the session's state gives; `undefined` where nobody asked for the session. */
  accept<T>(look: (state: SessionState) => T): T | undefined {
    const state = this.#state();
    return state === undefined ? undefined : look(state);
  }

  /** Loads the session once, whoever asks; `undefined` when it is there already, or loading it has failed. */
  load(): Promise<void> | undefined {
    if (this.#presented === undefined) return undefined;
    const { session } = this;
    const { isLoaded, loadFailure } = sessionStateOf(session);
    return isLoaded || loadFailure !== undefined ? undefined : this.#http.service.ensureLoaded(session);
  }

  /** Loads the session before anything looks at it, where that is so. A failure is met by whoever touches it. */
  loadEarly(): Promise<void> | undefined {
    return this.#http.loadsEarly ? this.load()?.catch(ignore) : undefined;
  }

  /** Whether the end of the request has anything to ask of the store. */
  hasTask(statusCode: number): boolean {
    return this.phase === 'open' && this.#task(statusCode) !== undefined;
  }

  /** The request has failed, whatever the status of its answer says: nothing that it did to its session is saved. */
  noteFailure(): void {
    this.#hasFailed = true;
  }

  /** Logs why the request failed: once, however many of its parts meet an error. */
  logFailure(error: unknown): void {
    if (this.#isFailureLogged) return;
    this.#isFailureLogged = true;
    logFailedRequest(this.carrier, error);
  }

  /** Commits what a handler has done; `undefined` when there is nothing to wait for. */
  commit(statusCode: number): Promise<void> | undefined {
    return this.phase === 'open' && this.concerns() ? this.settle(statusCode) : undefined;
  }

  protected concerns(): boolean {
    const isSkipped = this.access === 'skipped';
    if (this.isMalformed && !isSkipped) return true;
    const state = this.#state();
    if (state === undefined) return false;
    if (state.loadFailure !== undefined) return true;
    const { saveEveryRequest } = this.#http.settings;
    const isAskedFor = state.effect !== 'nothing' || state.saves.size > 0 || state.ending.work !== undefined;
    if (isSkipped) return isAskedFor;
    return state.accessed || isAskedFor || (saveEveryRequest && state.isLoaded && !state.isNew);
  }

  protected isUnsettled(statusCode: number): boolean {
    return (
      this.#failure !== undefined || this.#committing !== undefined || this.#task(statusCode) !== undefined
    );
  }

  protected settle(statusCode: number): Promise<void> | undefined {
    if (this.#failure !== undefined)
      // an exception filter tells the client; a success would be one that lost its session
      return statusCode < BAD_REQUEST ? Promise.reject(this.#failure.error) : undefined;
    if (this.#committing !== undefined) return this.#committing;
    const task = this.#task(statusCode);
    if (task === undefined) return undefined;
    this.#committing = this.#http.service[task](this.session).then(
      () => {
        this.#committing = undefined;
      },
      (error: unknown) => {
        this.#committing = undefined;
        this.#failure = { error: error as Error };
        // an exception filter may still use the session; what it changes is saved only if it saves it itself
        sessionStateOf(this.session).committed = false;
        // the client is told of a failure already
        if (statusCode < SERVER_ERROR) throw error;
        this.logFailure(error);
      },
    );
    return this.#committing;
  }

  protected addHeaders(lines: HeaderLines, statusCode: number): void {
    const { headers, cookie } = this.#http;
    const state = this.#state();
    if (state !== undefined && this.#givesKey(state, statusCode))
      headers.setCookie(lines, this.#cookieOf(state));
    else if (this.#takesCookie(state, statusCode)) headers.setCookie(lines, cookie.expire());
    else if (state?.accessed && this.access !== 'skipped') headers.vary(lines);
    if (statusCode === SERVICE_UNAVAILABLE && this.#isUnavailable) suggestRetry(lines);
    this.#close();
  }

  protected passed(): void {
    this.#close();
  }

  protected failure(error: unknown): FailureReply {
    const reply =
      error instanceof HttpMappedError
        ? error.getResponse()
        : { statusCode: SERVER_ERROR, message: 'Internal server error' };
    if (reply.statusCode >= SERVER_ERROR) this.logFailure(error);
    return reply;
  }

  /** Whether the session could not be loaded or saved now, and may be later. */
  get #isUnavailable(): boolean {
    const error = this.#failure?.error ?? this.#state()?.loadFailure;
    return error instanceof HttpMappedError && error.getStatus() === SERVICE_UNAVAILABLE;
  }

  /** What the end of the request asks of the service; most requests ask for nothing. */
  #task(statusCode: number): 'commit' | 'discard' | undefined {
    const state = this.#state();
    if (state === undefined || state.committed) return undefined;
    const underWay = state.ending.work !== undefined || state.saves.size > 0;
    if (this.#isError(statusCode) || this.access === 'skipped') return underWay ? 'discard' : undefined;
    const idle = !state.modified && !state.isExposed && state.moving === undefined && !underWay;
    const isExtended = this.#http.settings.saveEveryRequest && state.isLoaded && !state.isNew;
    return idle && !isExtended ? undefined : 'commit';
  }

  #isError(statusCode: number): boolean {
    return this.#hasFailed || statusCode >= SERVER_ERROR;
  }

  #givesKey(state: SessionState, statusCode: number): boolean {
    const { isNew, effect } = state;
    if (isNew || effect === 'nothing' || effect === 'deleted') return false;
    // of what an error page leaves behind the client needs a new key only where its old one is worth nothing now
    return !this.#isError(statusCode) || effect === 'cycled';
  }

  #takesCookie(state: SessionState | undefined, statusCode: number): boolean {
    if (this.#presented === undefined) return false;
    if (this.isMalformed) return this.access !== 'skipped';
    if (state === undefined) return false;
    const failed = this.#failure !== undefined;
    if (failed && state.effect !== 'deleted') return false;
    if (!state.accessed || !state.isLoaded || !state.isNew || state.identity.hasTrace) return false;
    return state.isEmpty || ((failed || this.#isError(statusCode)) && state.ending.count > 0);
  }

  #cookieOf(state: SessionState): string {
    const { session } = this;
    // rounded up, so that the cookie does not go before the session
    const maxAge = session.expiresAtBrowserClose() ? undefined : Math.ceil(session.getExpiryAge());
    return this.#http.cookie.issue(state.identity.stored ?? '', maxAge, this.#http.clock.now());
  }

  /** What is changed from here on would be lost. */
  #close(): void {
    const state = this.#state();
    if (state !== undefined) state.committed = true;
  }

  #state(): SessionState | undefined {
    return this.#session === undefined ? undefined : sessionStateOf(this.#session);
  }
}
