import { createHash } from 'node:crypto';

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
  /** How the body's bytes are written as text. */
  readonly encoding: 'utf8' | 'base64';
}

/** Whether a handler can be answered with what stands under its key, where other code may have put something else. */
export const isStoredBy = (route: string, entry: unknown): entry is StoredResponse =>
  typeof entry === 'object' && entry !== null && 'etag' in entry && 'route' in entry && entry.route === route;

/** Weak, since a compression on the way changes the bytes. */
export const etagOf = (type: string | null, body: string | Uint8Array | null): string =>
  `W/"${createHash('sha256')
    .update(`${type ?? ''}\n`)
    .update(body ?? '')
    .digest('base64url')}"`;

/** Whether an `If-None-Match` header names the response that the client would get. */
export const isKnownToClient = (ifNoneMatch: string | undefined, etag: string): boolean => {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === '*' || opaqueTags(ifNoneMatch).includes(opaqueTags(etag)[0] ?? etag);
};

/** `W/` says nothing where representations are compared for a cache. */
const opaqueTags = (header: string): readonly string[] => header.match(/"[^"]*"/g) ?? [];
