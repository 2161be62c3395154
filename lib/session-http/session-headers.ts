import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import vary from 'vary';
import { invitesSharedCaches, withoutSharedCaching } from './cache-control.js';

const logger = new Logger('CodexRedisSession');

/** Writes the headers that tell clients and caches about a session. */
export class SessionHeaders {
  #warned = false;

  /** @param cacheControl what a response with a session cookie gets that has none; `null` for nothing */
  constructor(private readonly cacheControl: string | null) {}

  /** The response depends on the session. */
  vary(response: ServerResponse): void {
    vary(response, 'Cookie');
  }

  /** The response carries the session's cookie. */
  setCookie(response: ServerResponse, cookie: string): void {
    response.appendHeader('Set-Cookie', cookie);
    vary(response, 'Cookie');
    this.#keepFromSharedCaches(response);
  }

  #keepFromSharedCaches(response: ServerResponse): void {
    const given = response.getHeader('Cache-Control');
    if (given === undefined) {
      if (this.cacheControl !== null) response.setHeader('Cache-Control', this.cacheControl);
      return;
    }
    const header = Array.isArray(given) ? given.join(', ') : String(given);
    const made = withoutSharedCaching(header);
    if (made === undefined) return;
    response.setHeader('Cache-Control', made);
    if (this.#warned || !invitesSharedCaches(header)) return;
    this.#warned = true;
    logger.warn(
      'A response that sets the session cookie allowed shared caches to store it; its Cache-Control was made ' +
        'private. Leave the session alone in handlers whose responses are public. (Further cases are not reported.)',
    );
  }
}
