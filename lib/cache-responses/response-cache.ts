import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  HttpStatus,
  type NestInterceptor,
  type VersioningOptions,
  VersioningType,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { from, mergeAll, type Observable, of } from 'rxjs';
import { TooLargeValue } from '../cache/bounded-serializer.js';
import type { CacheService } from '../cache/cache.service.js';
import { type AnswerOrigin, NEVER_BEHIND, ON_ANSWER } from '../cache/read-through/get-or-set-options.js';
import { isUnavailable, Outages } from '../cache/read-through/outages.js';
import { type Timeout, timeoutToMs } from '../cache/timeout.js';
import type { Clock } from '../common/clock.js';
import { errorName } from '../common/error-name.js';
import { RedisUnavailableError } from '../errors/redis.errors.js';
import type { SessionAccessOf } from '../common/session-access.js';
import { syncResult } from '../common/sync-result.js';
import { attend } from './attended-requests.js';
import { bypassed, CACHE_STATUS, hit, notStored, statusOf } from './cache-status.js';
import type { CachedRoute } from './cached-route.js';
import { type Refusal, refusalFor } from './refusal.js';
import { ResponseExchange } from './response-exchange.js';
import { requestedVersion, responseKey, scopeOf, versionHeaders } from './response-key.js';
import { type Outcome, runHandler } from './run-handler.js';
import { isStoredBy, type StoredResponse } from './stored-response.js';

/** The settings of the application that cached responses need. */
export interface ResponseCacheSettings {
  readonly cache: CacheService;
  /** Milliseconds; where neither the route nor `@CacheTTL()` says how long. */
  readonly timeoutMs: number | null;
  readonly adapter: AbstractHttpAdapter;
  readonly versioning: VersioningOptions | undefined;
  /** True if every route has guards. */
  readonly isGuarded: boolean;
  readonly clock: Clock;
  readonly sessionAccessOf: SessionAccessOf;
  routeOf(context: ExecutionContext): CachedRoute | undefined;
}

/**
 * Ends a run whose handler has failed, and reports the name of its error. If there is no stale response, each
 * request that waits for it runs the handler itself.
 */
class HandlerFailed extends Error {
  override readonly name: string;

  constructor(error: unknown) {
    super();
    this.name = errorName(error);
  }
}

/** The result for requests that wait for a run whose response is not stored. Each of them runs the handler itself. */
const NOTHING_TO_STORE = { nothingToStore: true };

/** A request for a cached route. */
interface Asked {
  readonly route: CachedRoute;
  readonly exchange: ResponseExchange;
  readonly timeoutMs: number | null;
  run(): Promise<Outcome>;
}

const MS_PER_SECOND = 1000;

/** The interceptor that caches responses; it stands before all others, so that it stores what a client gets. */
export class ResponseCache implements NestInterceptor {
  readonly #outages = new Outages();

  constructor(private readonly settings: ResponseCacheSettings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { adapter, sessionAccessOf } = this.settings;
    const route = context.getType() === 'http' ? this.settings.routeOf(context) : undefined;
    if (route === undefined) return next.handle();
    const exchange = new ResponseExchange(adapter, sessionAccessOf, context);
    attend(exchange.request);
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return next.handle();
    return from(this.#answer(route, exchange, context, next)).pipe(mergeAll());
  }

  async #answer(
    route: CachedRoute,
    exchange: ResponseExchange,
    context: ExecutionContext,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const { options } = route;
    exchange.addVary(options.vary ?? []);
    const why = refusalBefore(route, exchange);
    const key = why === undefined ? await this.#keyOf(route, exchange, context) : undefined;
    if (key === undefined) {
      exchange.setHeader(CACHE_STATUS, bypassed(why ?? 'key'));
      return next.handle();
    }
    const timeoutMs = await this.#timeoutOf(route, context);
    const varyBefore = exchange.vary;
    const { clock } = this.settings;
    const isPrivate = this.#isPrivate(route, exchange);
    const run = (): Promise<Outcome> =>
      runHandler({ route, exchange, varyBefore, timeoutMs, isPrivate, clock }, next);
    const tags = typeof options.tags === 'function' ? syncResult(options.tags(context)) : options.tags;
    return of(await this.#through(key, tags, { route, exchange, timeoutMs, run }));
  }

  /** The body, from the cache or by the handler. */
  async #through(key: string, tags: readonly string[] | undefined, asked: Asked): Promise<unknown> {
    const { route } = asked;
    const { whenUnavailable } = route.options;
    let own: Outcome | undefined;
    let origin: AnswerOrigin = { outcome: 'hit', isStored: false };
    const found = await this.#getOrSet(
      key,
      async () => (own = await asked.run()),
      {
        [NEVER_BEHIND]: true,
        [ON_ANSWER]: (told: AnswerOrigin) => void (origin = told),
        timeout: asked.timeoutMs === null ? null : asked.timeoutMs / MS_PER_SECOND,
        ...(tags !== undefined && { tags }),
      },
      whenUnavailable === 'compute',
    );
    if (isStoredBy(route.name, found)) return this.#send(asked, found, statusOf(origin, own !== undefined));
    // the reason why another visitor's run stored nothing, or an entry of other code, says nothing to this one
    const outcome = own ?? (await asked.run());
    if (outcome.kind === 'storable')
      return this.#send(asked, outcome.response, notStored(whyNotStored(found)));
    asked.exchange.setHeader(CACHE_STATUS, notStored(outcome.kind === 'failed' ? 'error' : outcome.why));
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.value;
  }

  async #getOrSet(
    key: string,
    run: () => Promise<Outcome>,
    options: object,
    mayCompute: boolean,
  ): Promise<unknown> {
    const written: StoredResponse[] = [];
    try {
      const found: unknown = await this.settings.cache.getOrSet(
        key,
        async ({ skip }) => {
          const outcome = await run();
          if (outcome.kind === 'failed' && !isAnswer(outcome.error)) throw new HandlerFailed(outcome.error);
          if (outcome.kind !== 'storable') return skip(NOTHING_TO_STORE);
          written.push(outcome.response);
          return outcome.response;
        },
        options,
      );
      this.#outages.ended('reading');
      if (written.length > 0) this.#outages.ended('writing');
      return isNothingToStore(found) ? undefined : found;
    } catch (error) {
      if (error instanceof HandlerFailed) return undefined;
      if (error instanceof TooLargeValue) return TOO_LARGE;
      if (!mayCompute || !isUnavailable(error)) throw error;
      this.#outages.report(error instanceof RedisUnavailableError ? 'writing' : 'reading', error);
      return UNAVAILABLE;
    }
  }

  #send({ exchange, timeoutMs }: Asked, response: StoredResponse, status: string | undefined): unknown {
    const ageMs = Math.max(0, this.settings.clock.now() - response.storedAt);
    exchange.addVary(versionHeaders(this.settings.versioning));
    const ttl = timeoutMs === null ? null : wholeSeconds(timeoutMs - ageMs);
    exchange.setHeader(CACHE_STATUS, status ?? hit(ttl));
    return exchange.begin(response, status === undefined ? Math.floor(ageMs / MS_PER_SECOND) : undefined);
  }

  /** True if the response depends on more than the URL and the headers in Vary, which is all that other caches see. */
  #isPrivate(route: CachedRoute, { rewrittenUrl }: ResponseExchange): boolean {
    const { isGuarded, versioning } = this.settings;
    const isKeyedByCode = typeof route.cacheKey === 'function' || versioning?.type === VersioningType.CUSTOM;
    return isGuarded || route.isGuarded || isKeyedByCode || rewrittenUrl !== undefined;
  }

  async #keyOf(
    route: CachedRoute,
    exchange: ResponseExchange,
    context: ExecutionContext,
  ): Promise<string | undefined> {
    const { cacheKey } = route;
    const given: unknown = await valueFor(cacheKey, context);
    // as CacheInterceptor does it: a function that gives no key says that nothing is to be cached
    if (cacheKey !== undefined && (typeof given !== 'string' || given === '')) return undefined;
    const version = requestedVersion(this.settings.versioning, context);
    return responseKey(route, exchange.keyed, version, scopeOf(route, context), given as string | undefined);
  }

  async #timeoutOf({ options, cacheTtl }: CachedRoute, context: ExecutionContext): Promise<number | null> {
    const ttl: unknown = await valueFor(cacheTtl, context);
    // 0 never expires there
    if (typeof ttl === 'number') return ttl === 0 ? null : timeoutToMs(ttl / MS_PER_SECOND);
    const { timeout } = options as { timeout?: Timeout };
    return timeout === undefined ? this.settings.timeoutMs : timeoutToMs(timeout);
  }
}

/** Rounded away from 0, so that a response is never called fresh once its time is over, nor stale before. */
const wholeSeconds = (ms: number): number => Math.sign(ms) * Math.ceil(Math.abs(ms) / MS_PER_SECOND);

/** The reason for not asking the cache. */
const refusalBefore = (route: CachedRoute, exchange: ResponseExchange): Refusal | undefined => {
  if (route.sendsByItself) return 'sent-by-handler';
  return exchange.hasBody ? 'body' : refusalFor(exchange.visitor, route.options);
};

/** The value of a decorator's argument: the argument itself, or the result of a function of the context. */
const valueFor = (given: unknown, context: ExecutionContext): unknown =>
  typeof given === 'function' ? (given as (context: ExecutionContext) => unknown)(context) : given;

/** Such as that there is nothing, or nothing for this visitor: no stale response takes its place. */
const isAnswer = (error: unknown): boolean =>
  error instanceof HttpException && error.getStatus() < (HttpStatus.INTERNAL_SERVER_ERROR as number);

const isNothingToStore = (found: unknown): boolean =>
  typeof found === 'object' && found !== null && 'nothingToStore' in found;

/** In place of an entry: Redis cannot be asked. */
const UNAVAILABLE = Symbol('unavailable');

/** In place of an entry: `cache.maxBytes` does not allow it. */
const TOO_LARGE = Symbol('too large');

/** The reason that a response is not in the cache though it might be stored. */
const whyNotStored = (found: unknown): Refusal | undefined => {
  if (found === undefined) return undefined;
  if (found === TOO_LARGE) return 'too-large';
  return found === UNAVAILABLE ? 'unavailable' : 'foreign-entry';
};
