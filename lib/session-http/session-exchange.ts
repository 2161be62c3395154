import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionRequest } from '../session/object/session-request.js';
import type { SessionState } from '../session/object/session-state.js';
import { sessionStateOf } from '../session/object/state-of.js';
import type { Session } from '../session/object/session.js';
import { ignore } from '../common/ignore.js';
import { Commitment } from './commitment.js';
import { isHandshake } from './is-handshake.js';
import { dependsOnSession, type Task, taskAtEnd } from './end-of-request.js';
import {
  meansUnavailable,
  logFailedRequest,
  replyToFailure,
  SERVICE_UNAVAILABLE,
  suggestRetry,
} from './failed-requests.js';
import type { FailureReply } from './gate/failure-reply.js';
import type { HeaderLines } from './gate/header-lines.js';
import type { HeldResponse } from './gate/held-response.js';
import { PASS, type Plan, type ResponseOwner, SIGN } from './gate/response-owner.js';
import { cookieChange } from './headers/cookie-change.js';
import { HandlerAccess } from './handler-access.js';
import { pinSession } from './pinned-session.js';
import { type PlatformRequest, routeOf } from './platform-request.js';
import { type Presented, type SessionHttp, undeclaredSession } from './session-http.js';

const SERVER_ERROR = 500;

/** One request with its response and the session that an application gives them. */
export class SessionExchange implements ResponseOwner, SessionRequest {
  readonly access = new HandlerAccess();
  /** Private at runtime too. It knows the secret keys, which would otherwise appear where a request is logged. */
  readonly #http: SessionHttp;
  readonly #hold: HeldResponse;
  readonly #presented: Presented;
  readonly #commitment: Commitment;
  #carrier: PlatformRequest;
  /** The value that replaced the session. */
  replacement: unknown;
  #session: Session | undefined;
  /** The state of the session. */
  #state: SessionState | undefined;
  #hasFailed = false;
  #isFailureLogged = false;

  constructor(
    http: SessionHttp,
    request: IncomingMessage,
    hold: HeldResponse,
    /** Puts the gate on the response, which has none while nobody asks for the session. */
    private readonly gate: (exchange: SessionExchange) => void = ignore,
  ) {
    this.#hold = hold;
    this.#carrier = request;
    this.#http = http;
    this.#presented = http.presentedBy(request);
    this.#commitment = new Commitment((error) => this.logFailure(error));
    if (this.isMalformed) http.rejectMalformed(request);
  }

  /** True if the client sent a malformed session cookie, which the response deletes. */
  get isMalformed(): boolean {
    return this.#presented.kind === 'malformed';
  }

  /** True if it belongs to this application. */
  isOf(http: SessionHttp): boolean {
    return this.#http === http;
  }

  /** The request as the platform's handlers have it. */
  get carrier(): PlatformRequest {
    return this.#carrier;
  }

  /** The platform has made a request of its own, for its handlers. */
  carriedBy(request: PlatformRequest): void {
    this.#carrier = request;
    if (this.#session !== undefined) pinSession(request);
  }

  get response(): ServerResponse {
    return this.#hold.response;
  }

  /** The session, loaded or not; the first look at it costs no command. */
  get session(): Session {
    if (this.#session === undefined) {
      this.#session = this.#http.service.open(this.#presented.keys, this.#presented.earlier);
      pinSession(this.#carrier);
      const state = (this.#state = sessionStateOf(this.#session));
      state.use.serve(this);
      if (isHandshake(this.response.req)) state.use.beReadOnly();
      if (this.response.req.headers['sec-fetch-mode'] === 'navigate') state.identity.noteNavigation();
      if (this.#hold.phase !== 'open' || this.response.headersSent) this.pass();
      else this.gate(this);
    }
    return this.#session;
  }

  /** The value of `request.session` for the handler and everything around it. */
  get visibleSession(): Session {
    const { session } = this;
    if (this.access.isUndeclared && !this.#wasLoaded && !this.isOver) throw undeclaredSession();
    return session;
  }

  /** True if the response has begun to leave, or the client has gone. */
  get isOver(): boolean {
    const { response, phase } = this.#hold;
    return (
      phase !== 'open' || response.headersSent || response.destroyed || response.socket?.destroyed === true
    );
  }

  get notLoaded(): string {
    return this.#http.notLoaded;
  }

  replaceSession(next: Session): void {
    this.#session = next;
    this.#state = sessionStateOf(next);
  }

  warnOfLateRead(): void {
    this.#http.warnOfLateRead(routeOf(this.carrier));
  }

  /** True if the handler has a session though nothing mounted the guard that is to load it. */
  get isUnguarded(): boolean {
    return this.access.isUnknown && this.#http.settings.mount === 'manual' && !this.#wasLoaded;
  }

  get #wasLoaded(): boolean {
    const state = this.#state;
    return (
      state !== undefined && (state.use.isAccessed || (state.isLoaded && this.#presented.kind !== 'nothing'))
    );
  }

  /** The state of the session; `undefined` if nobody asked for the session. */
  accept<T>(look: (state: SessionState) => T): T | undefined {
    return this.#state && look(this.#state);
  }

  /**
   * Loads the session once. A failure is thrown at the first access. Returns `undefined` if it is already loaded, or if
   * loading has failed.
   */
  load(): Promise<void> | undefined {
    if (this.#presented.kind === 'nothing') return undefined;
    const state = sessionStateOf(this.session);
    if (state.isLoaded || state.loadFailure !== undefined) return undefined;
    return state.keeper.load(state).catch(ignore);
  }

  /** Loads the session before any code reads it, if it is configured so. */
  loadEarly(): Promise<void> | undefined {
    return this.#http.loadsEarly ? this.load() : undefined;
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

  /** The work before a reply is sent; none after it has started. */
  planOfReply(statusCode: number): Plan {
    return this.#hold.phase === 'open' ? this.plan(statusCode) : PASS;
  }

  plan(statusCode: number): Plan {
    if (!this.#hasPart()) return PASS;
    const begun = this.#commitment.plan(statusCode);
    if (begun !== undefined) return begun;
    const state = this.#state;
    const task = state && this.#taskOf(state, statusCode);
    if (state === undefined || task === undefined) return SIGN;
    // by then regenerate() may have put another state in its place
    const work = (): Promise<void> => this.#commitment.carryOut(task, this.#state ?? state, statusCode);
    return { kind: 'wait', work };
  }

  /** True if anything is to be committed, or told to the client. */
  #hasPart(): boolean {
    const { isSkipped } = this.access;
    if (this.isMalformed && !isSkipped) return true;
    const state = this.#state;
    return state !== undefined && dependsOnSession(state, isSkipped);
  }

  sign(lines: HeaderLines, statusCode: number): void {
    const { headers, cookie } = this.#http;
    const state = this.#state;
    const { isSkipped } = this.access;
    const change = cookieChange({
      state,
      presented: this.#presented.kind,
      isSkipped,
      hasFailed: this.#commitment.failure !== undefined,
      isError: this.#isError(statusCode),
      tellsOfTouch: this.#http.settings.saveEveryRequest,
    });
    if (change === 'give' && state !== undefined) {
      this.#http.warnOfPlainHttp(this.carrier);
      headers.setCookie(lines, this.#http.cookieFor(state));
    } else if (change === 'take') headers.setCookie(lines, cookie.expire());
    else if (state?.use.isAccessed && !isSkipped) headers.vary(lines);
    if (change === 'give' || (change === 'take' && state !== undefined && state.identity.ending.count > 0))
      this.#expireEarlierCookie(lines);
    if (
      statusCode === SERVICE_UNAVAILABLE &&
      meansUnavailable(this.#commitment.failure ?? state?.loadFailure)
    )
      suggestRetry(lines);
    this.pass();
  }

  /** The session that the cookie names was taken over, or has ended. */
  #expireEarlierCookie(lines: HeaderLines): void {
    const expired = this.#presented.earlier && this.#http.earlierCookieExpired;
    if (expired !== undefined) this.#http.headers.setCookie(lines, expired);
  }

  /** Later changes would be lost. */
  pass(): void {
    this.#state?.use.close();
  }

  failure(error: unknown): FailureReply {
    const reply = replyToFailure(error);
    if (reply.statusCode >= SERVER_ERROR) this.logFailure(error);
    return reply;
  }

  #taskOf(state: SessionState, statusCode: number): Task | undefined {
    return taskAtEnd(state, !this.#isError(statusCode) && !this.access.isSkipped);
  }

  #isError(statusCode: number): boolean {
    return this.#hasFailed || statusCode >= SERVER_ERROR;
  }
}
