import vary from 'vary';
import { sessionLogger } from '../../common/loggers.js';
import { invitesSharedCaches, withoutSharedCaching } from '../../common/cache-control.js';
import type { HeaderLines, HeaderValue } from '../gate/header-lines.js';

/** Tell caches of one kind more than Cache-Control does, which they ignore then. */
const SHARED_CACHE_HEADERS = [
  'CDN-Cache-Control',
  'Surrogate-Control',
  'X-Accel-Expires',
  'Akamai-Cache-Control',
  'Cloudflare-CDN-Cache-Control',
  'Edge-Control',
  'Fastly-Surrogate-Control',
  'Netlify-CDN-Cache-Control',
  'Vercel-CDN-Cache-Control',
];

/** Writes the headers that tell clients and caches about a session. */
export class SessionHeaders {
  #warned = false;

  /** @param cacheControl what a response with a session cookie gets that has none; `null` for nothing */
  constructor(private readonly cacheControl: string | null) {}

  /** The response depends on the session. */
  vary(lines: HeaderLines): void {
    const given = lines.getHeader('Vary');
    lines.setHeader('Vary', given === undefined ? 'Cookie' : vary.append(joined(given), 'Cookie'));
  }

  /** The response carries the session's cookie. */
  setCookie(lines: HeaderLines, cookie: string): void {
    lines.appendHeader('Set-Cookie', cookie);
    this.vary(lines);
    this.#keepFromSharedCaches(lines);
  }

  #keepFromSharedCaches(lines: HeaderLines): void {
    const ofSharedCaches = SHARED_CACHE_HEADERS.filter((name) => lines.getHeader(name) !== undefined);
    for (const name of ofSharedCaches) lines.removeHeader(name);
    if (ofSharedCaches.length > 0) this.#warn();
    const given = lines.getHeader('Cache-Control');
    if (given === undefined) {
      if (this.cacheControl !== null) lines.setHeader('Cache-Control', this.cacheControl);
      return;
    }
    const header = joined(given);
    const made = withoutSharedCaching(header);
    if (made === undefined) return;
    lines.setHeader('Cache-Control', made);
    if (invitesSharedCaches(header)) this.#warn();
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    sessionLogger.warn(
      'A response that sets the session cookie allowed shared caches to store it; its Cache-Control was made ' +
        'private. Leave the session alone in handlers whose responses are public. (Further cases are not reported.)',
    );
  }
}

const joined = (given: HeaderValue): string => (Array.isArray(given) ? given.join(', ') : String(given));
