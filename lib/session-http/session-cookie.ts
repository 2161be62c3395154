import { stringifySetCookie, type SetCookie } from 'cookie';
import type { SessionSettings } from '../config/settings.js';

/** Writes the session cookie, with the configured attributes. */
export class SessionCookie {
  readonly #attributes: Omit<SetCookie, 'value' | 'maxAge' | 'expires'>;

  constructor({
    name,
    path,
    domain,
    secure,
    httpOnly,
    sameSite,
    partitioned,
    priority,
  }: SessionSettings['cookie']) {
    this.#attributes = {
      name,
      httpOnly,
      secure,
      ...(path !== null && { path }),
      ...(domain !== undefined && { domain }),
      ...(sameSite !== false && { sameSite }),
      ...(partitioned !== undefined && { partitioned }),
      ...(priority !== undefined && { priority }),
    };
  }

  /**
   * The Set-Cookie header that gives the client a key.
   *
   * @param maxAge whole seconds, negative in the past; `undefined` for a cookie that ends with the browser
   * @param now milliseconds since the epoch
   */
  give(key: string, maxAge: number | undefined, now: number): string {
    return stringifySetCookie({
      ...this.#attributes,
      value: key,
      ...(maxAge !== undefined && { maxAge, expires: new Date(now + maxAge * 1000) }),
    });
  }

  /**
   * The Set-Cookie header that takes the cookie away. A browser replaces a cookie only by one with the same domain
   * and path, and a secure one only by a secure one.
   */
  take(): string {
    return stringifySetCookie({ ...this.#attributes, value: '', maxAge: 0, expires: new Date(0) });
  }
}
