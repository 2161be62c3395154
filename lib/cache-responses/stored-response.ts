import { createHash } from 'node:crypto';
import { HEADER_NAME } from './cache-response-options.js';
import { STORABLE_STATUS } from './refusal.js';

/** A response as it stands in the cache. */
export interface StoredResponse {
  /** The handler that made it. */
  readonly route: string;
  readonly status: number;
  readonly type: string | null;
  /** The listed headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly cacheControl: string;
  readonly etag: string;
  /** Milliseconds since the Unix epoch. */
  readonly storedAt: number;
  readonly body: string | null;
  /** The form in which the body's bytes are written as text. */
  readonly encoding: 'utf8' | 'base64';
}

/** True if a handler can be answered with the entry under its key. Other code may have stored something else there. */
export const isStoredBy = (route: string, entry: unknown): entry is StoredResponse =>
  isStoredResponse(entry) && entry.route === route && isSendable(entry);

const isStoredResponse = (entry: unknown): entry is StoredResponse => {
  if (typeof entry !== 'object' || entry === null) return false;
  const { status, type, headers, cacheControl, etag, storedAt, body, encoding } = entry as StoredResponse;
  return (
    [type ?? '', cacheControl, etag, body ?? ''].every((text) => typeof text === 'string') &&
    STORABLE_STATUS.includes(status) &&
    Number.isInteger(storedAt) &&
    ['utf8', 'base64'].includes(encoding) &&
    typeof (headers as unknown) === 'object' &&
    (headers as unknown) !== null &&
    Object.keys(headers).every((name) => HEADER_NAME.test(name) && name !== 'set-cookie')
  );
};

/** The characters that Node takes in the value of a header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** True if the headers of a response can be sent; Fastify does not look at them before. */
export const isSendable = ({ type, headers, cacheControl, etag }: StoredResponse): boolean =>
  [type ?? '', cacheControl, etag, ...Object.values(headers).flat()].every((value) =>
    HEADER_VALUE.test(value),
  );

/** Weak, since a compression on the way changes the bytes. */
export const etagOf = (type: string | null, body: string | Uint8Array | null): string =>
  `W/"${createHash('sha256')
    .update(`${type ?? ''}\n`)
    .update(body ?? '')
    .digest('base64url')}"`;

/** True if an `If-None-Match` header names the response that the client would get. */
export const isKnownToClient = (ifNoneMatch: string | undefined, etag: string): boolean => {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === '*' || opaqueTags(ifNoneMatch).includes(opaqueTags(etag)[0] ?? etag);
};

/** `W/` says nothing where representations are compared for a cache. */
const opaqueTags = (header: string): readonly string[] => header.match(/"[^"]*"/g) ?? [];
