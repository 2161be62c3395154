import { stringifySetCookie, type SetCookie } from 'cookie';
import type { SessionSettings } from '../../config/settings.js';
import { rememberLatest } from './remember-latest.js';

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
  issue(key: string, maxAge: number | undefined, now: number): string {
    return `${this.#attributes.name}=${key}${this.#afterValue(maxAge, Math.floor(now / 1000))}`;
  }

  /**
   * The Set-Cookie header that takes the cookie away. A browser replaces a cookie only by one with the same domain
   * and path, and a secure one only by a secure one.
   */
  expire(name = this.#attributes.name): string {
    return stringifySetCookie({ ...this.#attributes, name, value: '', maxAge: 0, expires: new Date(0) });
  }

  /** A key needs no escaping, and what follows it is the same for everybody within a second. */
  readonly #afterValue = rememberLatest((maxAge: number | undefined, second: number): string => {
    const cookie = stringifySetCookie({
      ...this.#attributes,
      value: '',
      ...(maxAge !== undefined && { maxAge, expires: new Date((second + maxAge) * 1000) }),
    });
    return cookie.slice(this.#attributes.name.length + 1);
  });
}
