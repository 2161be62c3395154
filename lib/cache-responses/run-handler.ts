import type { CallHandler } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import { withoutSharedCaching } from '../common/cache-control.js';
import type { Clock } from '../common/clock.js';
import type { CachedRoute } from './cached-route.js';
import { type Refusal, refusalFor, refusalOfHead } from './refusal.js';
import type { ResponseExchange } from './response-exchange.js';
import { etagOf, isSendable, type StoredResponse } from './stored-response.js';
import { isStreamed, type WrittenBody } from './written-body.js';

/** The circumstances of a run of a handler. */
export interface HandlerRun {
  readonly route: CachedRoute;
  readonly exchange: ResponseExchange;
  /** The names in Vary before the handler ran. */
  readonly varyBefore: readonly string[];
  /** The time for which the response may be stored; `null` for forever. */
  readonly timeoutMs: number | null;
  /** True if the response depends on more than other caches see, such as the decision of a guard. */
  readonly isPrivate: boolean;
  readonly clock: Clock;
}

/** The result of a run of the handler. */
export type Outcome =
  | { readonly kind: 'storable'; readonly response: StoredResponse }
  | { readonly kind: 'refused'; readonly why: Refusal; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

const DEFAULT_MAX_BYTES = 1_048_576;
const MS_PER_SECOND = 1000;
const YEAR_IN_SECONDS = 31_536_000;

/** Runs a handler, and says what of its response may be stored. */
export const runHandler = async (run: HandlerRun, next: CallHandler): Promise<Outcome> => {
  const { exchange, route, varyBefore } = run;
  exchange.watchCookies();
  let value: unknown;
  try {
    value = await lastValueFrom(next.handle());
  } catch (error) {
    return { kind: 'failed', error };
  }
  const refused = (why: Refusal): Outcome => ({ kind: 'refused', why, value });
  if (exchange.isSent) return refused('sent-by-handler');
  if (exchange.method === 'HEAD') return refused('head');
  const refusal = (): Refusal | undefined =>
    refusalFor(exchange.visitor, route.options) ?? refusalOfHead(exchange.head(varyBefore), route.options);
  const why = refusal() ?? (isStreamed(value) ? 'stream' : undefined);
  if (why !== undefined) return refused(why);
  const written = writtenBy(exchange, value);
  // again, since writing the value runs its getters and toJSON(), which may use the session as well
  const late = refusal();
  if (late !== undefined) return refused(late);
  if (written === undefined) return refused('error');
  const { maxBytes = DEFAULT_MAX_BYTES } = route.options;
  if (written.body !== null && Buffer.byteLength(written.body) > maxBytes) return refused('too-large');
  const response = storedResponse(run, written);
  return isSendable(response) ? { kind: 'storable', response } : refused('error');
};

const storedResponse = (
  { route: { name, options }, exchange, timeoutMs, isPrivate, clock }: HandlerRun,
  written: WrittenBody,
): StoredResponse => ({
  route: name,
  status: exchange.response.statusCode,
  type: written.type,
  headers: listedHeaders(exchange, options.headers ?? []),
  cacheControl: cacheControlOf(
    exchange.header('Cache-Control'),
    timeoutMs,
    options.scope !== undefined,
    isPrivate,
  ),
  etag: exchange.header('ETag') ?? etagOf(written.type, written.body),
  storedAt: clock.now(),
  ...textOf(written),
});

/**
 * The body of a value; `undefined` for one that the platform refuses to send. That fails when it is sent, as it does
 * without a cache.
 */
const writtenBy = (exchange: ResponseExchange, value: unknown): WrittenBody | undefined => {
  if (value instanceof Error) return undefined;
  try {
    return exchange.written(value);
  } catch {
    return undefined;
  }
};

const listedHeaders = (exchange: ResponseExchange, names: readonly string[]): StoredResponse['headers'] => {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = exchange.header(name);
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  return headers;
};

/**
 * The Cache-Control header, which says what other caches may do. If guards decide who gets a response, the next user of
 * this client's cache may have other rights. The client then asks here each time, and a 304 can answer.
 */
const cacheControlOf = (
  given: string | undefined,
  timeoutMs: number | null,
  isScoped: boolean,
  isPrivate: boolean,
): string => {
  if (given !== undefined) return isScoped ? (withoutSharedCaching(given) ?? given) : given;
  if (isScoped || isPrivate) return 'private, no-cache';
  const seconds = timeoutMs === null ? YEAR_IN_SECONDS : Math.floor(timeoutMs / MS_PER_SECOND);
  return `max-age=${Math.min(seconds, YEAR_IN_SECONDS)}`;
};

const textOf = ({ body }: WrittenBody): Pick<StoredResponse, 'body' | 'encoding'> =>
  body === null || typeof body === 'string'
    ? { body, encoding: 'utf8' }
    : { body: Buffer.from(body).toString('base64'), encoding: 'base64' };
