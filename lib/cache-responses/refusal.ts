import { directiveNames } from '../common/cache-control.js';
import type { SessionAccess } from '../common/session-access.js';
import type { CacheResponseInterceptorOptions } from './cache-response-options.js';

/** The reason for not taking a response from the cache, or not storing it; `Cache-Status` names it. */
export type Refusal =
  | 'session'
  | 'user'
  | 'authorization'
  | 'body'
  | 'set-cookie'
  | 'vary'
  | 'no-store'
  | 'private'
  | 'status'
  | 'encoding'
  | 'stream'
  | 'too-large'
  | 'head'
  | 'key'
  | 'error'
  | 'sent-by-handler'
  | 'foreign-entry'
  | 'unavailable'
  | 'changed';

/** The visitor who asks, as far as it can be seen. */
export interface Visitor {
  readonly session: SessionAccess | undefined;
  readonly hasUser: boolean;
  readonly hasAuthorization: boolean;
}

/** The reason that a response may be one visitor's own. It is looked for before and after the handler has run. */
export const refusalFor = (
  { session, hasUser, hasAuthorization }: Visitor,
  { scope }: CacheResponseInterceptorOptions,
): Refusal | undefined => {
  // a hit would not write
  if (session?.written === true) return 'session';
  if (scope !== undefined) return undefined;
  if (session?.read === true) return 'session';
  if (hasAuthorization) return 'authorization';
  return hasUser ? 'user' : undefined;
};

/** The head of a response that a handler has made. */
export interface ResponseHead {
  readonly status: number;
  readonly setsCookie: boolean;
  readonly vary: readonly string[];
  /** As it was before the handler ran. */
  readonly varyBefore: readonly string[];
  readonly cacheControl: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** Those whose response means the same to every client and needs no header that might not be stored. */
export const STORABLE_STATUS: readonly number[] = [200, 203, 204];

/** The names that middleware adds to Vary for its own work on each request, hits included. */
const MIDDLEWARES_OWN: readonly string[] = ['accept-encoding', 'origin'];

/** The reason for not storing a response, found in its head. */
export const refusalOfHead = (
  head: ResponseHead,
  { scope, vary = [], headers = [] }: CacheResponseInterceptorOptions,
): Refusal | undefined => {
  if (!STORABLE_STATUS.includes(head.status)) return 'status';
  if (head.setsCookie) return 'set-cookie';
  const directives = directiveNames(head.cacheControl ?? '');
  if (directives.includes('no-store')) return 'no-store';
  if (directives.includes('private')) return 'private';
  const listed = [...vary, ...(scope === undefined ? [] : ['cookie', 'authorization'])].map(lowerCase);
  const isKeyed = (name: string): boolean =>
    listed.includes(name) || (MIDDLEWARES_OWN.includes(name) && head.varyBefore.includes(name));
  if (!head.vary.every(isKeyed)) return 'vary';
  const isEncoded = head.contentEncoding !== undefined && head.contentEncoding !== 'identity';
  return isEncoded && !headers.map(lowerCase).includes('content-encoding') ? 'encoding' : undefined;
};

const lowerCase = (text: string): string => text.toLowerCase();
