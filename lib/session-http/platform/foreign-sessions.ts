import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { isPinned, pinnedGetter } from '../pinned-session.js';

/*
 * express-session leaves a request alone that has a session already: beside this module it would do nothing, in silence,
 * and what its users write would go into the other session. cookie-session does take the place of the session, and leaves
 * what it replaced to handlers with a session parameter.
 */

const REMEDY = "remove it, or leave out the option 'session' of CodexRedisModule";

const refusalOf = (library: string): ImproperlyConfiguredError =>
  new ImproperlyConfiguredError(
    `${library} gives requests a session as well, on the same property: ${REMEDY}`,
  );

export const refusalOfDecorator = (): ImproperlyConfiguredError =>
  new ImproperlyConfiguredError(
    `Another Fastify plugin (such as @fastify/session) gives requests a session as well, on the same property: ${REMEDY}`,
  );

/** For a request that has one when it comes. */
export const refusalOfGivenSession = (): ImproperlyConfiguredError =>
  new ImproperlyConfiguredError(
    'What runs before this application (such as express-session) has given the request a session already, on the same ' +
      `property: ${REMEDY}`,
  );

/** A layer of a router: middleware, or a router with layers of its own. */
export interface Layer {
  readonly handle?: unknown;
}

/** The refusal of express-session or cookie-session, or of a router of Express that has one of them as middleware. */
export const refusalOfForeign = (middleware: unknown): ImproperlyConfiguredError | undefined => {
  if (Array.isArray(middleware)) return firstRefusal(middleware);
  if (typeof middleware !== 'function') return undefined;
  const library = libraryOf(middleware);
  if (library !== undefined) return refusalOf(library);
  const { stack } = middleware as { readonly stack?: unknown };
  return Array.isArray(stack)
    ? firstRefusal(stack.map((layer: Layer | undefined) => layer?.handle))
    : undefined;
};

const firstRefusal = (several: readonly unknown[]): ImproperlyConfiguredError | undefined => {
  for (const each of several) {
    const refusal = refusalOfForeign(each);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

interface Named {
  readonly name: string;
}

/** The middleware by its name; express-session's common one also by what it alone gives to requests. */
const libraryOf = (middleware: Named): string | undefined => {
  if (middleware.name === '_cookieSession') return 'cookie-session';
  return middleware.name === 'session' &&
    Function.prototype.toString.call(middleware).includes('sessionStore')
    ? 'express-session'
    : undefined;
};

const CHECKED_READS = 100;
const CHECKED_PATHS = 1000;

interface MountedRequest {
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly url?: string;
}

/** The path at which the middleware that has a request is mounted. */
const mountPathOf = ({ baseUrl, originalUrl = '', url = '' }: MountedRequest): string =>
  baseUrl ?? originalUrl.slice(0, Math.max(0, originalUrl.length - url.length));

/**
 * Finds express-session by who reads `request.session`, where its middleware stands in a function of the application's and
 * cannot be recognized when it is added. To look who reads costs more than the rest of a read: it is done for the
 * first reads below each path only.
 */
export class SessionReaders {
  readonly #reads = new Map<string, number>();
  #found = false;

  /** @throws ImproperlyConfiguredError when express-session reads the property of which this is the getter. */
  check(request: object, getter: (...args: never[]) => unknown): void {
    if (!this.#found) {
      const path = mountPathOf(request);
      const reads = this.#reads.get(path) ?? 0;
      if (reads >= CHECKED_READS || (reads === 0 && this.#reads.size >= CHECKED_PATHS)) return;
      this.#reads.set(path, reads + 1);
    }
    if (!isReadByExpressSession(isPinned(request) ? pinnedGetter : getter)) return;
    this.#found = true;
    throw refusalOf('express-session');
  }
}

const isReadByExpressSession = (getter: (...args: never[]) => unknown): boolean => {
  const { stackTraceLimit } = Error;
  const trace: { stack?: string } = {};
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(trace, getter);
  Error.stackTraceLimit = stackTraceLimit;
  return /[\\/]express-session[\\/]/.test(trace.stack ?? '');
};
