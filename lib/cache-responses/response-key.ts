import type { ExecutionContext, VersioningOptions } from '@nestjs/common';
import { VersioningType } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { unescape } from 'node:querystring';
import { describeValue } from '../common/describe-value.js';
import { syncResult } from '../common/sync-result.js';
import type { CachedRoute } from './cached-route.js';

/** The parts of a request that make the key of its response. Strings are as the client sent them. */
export interface KeyedRequest {
  /** Path and query. */
  readonly url: string;
  /** The URL that chose the handler, where middleware has rewritten the requested one. */
  readonly rewrittenUrl?: string | undefined;
  readonly host: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * The key of a response: `response GET /path?query Controller.method`, and what else it depends on. No two requests have one
 * key unless path, query (but for the order of different parameters), handler, version, and each host, header and scope
 * that the route asks for are the same.
 *
 * @param scope whose response it is, where that counts
 * @param given the key that `@CacheKey()` gives; it stands for path, query and handler
 */
export const responseKey = (
  route: CachedRoute,
  request: KeyedRequest,
  version: string | undefined,
  scope: string | undefined,
  given: string | undefined,
): string => {
  const { vary = [], query, host = route.isForHost } = route.options;
  const parts = given === undefined ? ['response', 'GET', addressOf(request, query), route.name] : [];
  const { rewrittenUrl } = request;
  if (given === undefined && rewrittenUrl !== undefined)
    parts.push(`rewritten=${addressOf({ ...request, url: rewrittenUrl }, query)}`);
  if (version !== undefined) parts.push(`version=${version}`);
  if (host) parts.push(`host=${request.host.toLowerCase()}`);
  for (const name of vary.map((each) => each.toLowerCase()).sort()) {
    const value = request.headers[name];
    parts.push(value === undefined ? name : `${name}=${String(value)}`);
  }
  // hashed, since it may be what must not be seen in Redis
  if (scope !== undefined) parts.push(`scope=${createHash('sha256').update(scope).digest('base64url')}`);
  const text = parts.map(escapeBlanks).join(' ');
  if (given === undefined) return text;
  return text === '' ? given : `${given} ${text}`;
};

/** A blank separates the parts. */
const escapeBlanks = (part: string): string => part.replace(/[\\ ]/g, '\\$&');

const addressOf = (
  { url, query }: Pick<KeyedRequest, 'url' | 'query'>,
  listed: readonly string[] | undefined,
): string => {
  const [path, search] = splitOnce(url, '?');
  if (listed !== undefined) return `${path}?${listedParameters(query, listed)}`;
  return search === undefined || ODDLY_DELIMITED.test(url) ? url : `${path}?${sortedParameters(search)}`;
};

/**
 * Some parsers see the query begin or end elsewhere in such an address: at a fragment, or at a semicolon before the
 * question mark.
 */
const ODDLY_DELIMITED = /#|^[^?]*;/;

const splitOnce = (text: string, separator: string): [before: string, after: string | undefined] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
};

/** As the handler sees them: of `?page=1` and `?[page]=1` some parsers make the same. */
const listedParameters = (query: KeyedRequest['query'], listed: readonly string[]): string =>
  JSON.stringify(
    [...new Set(listed)]
      .sort()
      .filter((name) => Object.hasOwn(query, name))
      .map((name) => [name, query[name]]),
  );

/** Parsers stop reading at about this many parameters. The order then decides which are lost. */
const MANY_PARAMETERS = 500;

/**
 * Names of which parsers join what they have in common, in the order in which it comes, and those of which they make one
 * name or another because they are not well-formed.
 */
const READ_DIFFERENTLY = /[[\].\ufffd]/;
const ILL_FORMED_ESCAPE = /%(?![\da-f]{2})/i;

/**
 * Sorted by name; those of one name keep their order. Parameters that a parser may read differently in another order
 * stay in their own. The text is kept as it is, so that a handler that repeats it cannot repeat another visitor's
 * spelling.
 */
const sortedParameters = (search: string): string => {
  const pairs = search.split('&').map((text) => ({ text, name: nameOf(splitOnce(text, '=')[0]) }));
  if (pairs.length > MANY_PARAMETERS || pairs.some(({ name }) => READ_DIFFERENTLY.test(name))) return search;
  return pairs
    .sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)))
    .map(({ text }) => text)
    .join('&');
};

/** As parsers read it; what is ill-formed is made to look so. */
const nameOf = (text: string): string =>
  ILL_FORMED_ESCAPE.test(text) ? '\ufffd' : unescape(text.replaceAll('+', ' '));

/** The version that a request asks for otherwise than by its path; `undefined` where the path says it. */
export const requestedVersion = (
  versioning: VersioningOptions | undefined,
  context: ExecutionContext,
): string | undefined => {
  const request = context.switchToHttp().getRequest<{ headers: KeyedRequest['headers']; raw?: unknown }>();
  switch (versioning?.type) {
    case VersioningType.HEADER:
      return String(request.headers[versioning.header.toLowerCase()] ?? '');
    case VersioningType.MEDIA_TYPE:
      return parametersOf(String(request.headers['accept'] ?? ''))
        .filter((parameter) => parameter.startsWith(versioning.key))
        .join();
    case VersioningType.CUSTOM:
      return JSON.stringify(versioning.extractor(request.raw ?? request));
    default:
      return undefined;
  }
};

/** The request headers that say which version is asked for, as far as the module can know them. */
export const versionHeaders = (versioning: VersioningOptions | undefined): readonly string[] => {
  if (versioning?.type === VersioningType.HEADER) return [versioning.header];
  return versioning?.type === VersioningType.MEDIA_TYPE ? ['Accept'] : [];
};

const parametersOf = (accept: string): string[] =>
  [...accept.matchAll(/;([^;,]*)/g)].map(([, parameter = '']) => parameter.trim());

/**
 * The visitors who share a response, by the `scope` of the route.
 *
 * @throws TypeError for anything but a text
 */
export const scopeOf = ({ name, options }: CachedRoute, context: ExecutionContext): string | undefined => {
  if (typeof options.scope !== 'function') return undefined;
  const scope: unknown = syncResult(options.scope(context));
  if (typeof scope !== 'string' || scope === '')
    throw new TypeError(
      `${name}: scope: expected the function to return a string that is not empty, got ${describeValue(scope)}. ` +
        'Visitors without one need a guard, or a word of their own such as "anonymous"',
    );
  // two of them would be one in UTF-8
  if (!scope.isWellFormed())
    throw new TypeError(`${name}: scope: expected the function to return a string without lone surrogates`);
  return scope;
};
