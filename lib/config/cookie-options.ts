import { flag, oneOf, orNone, orNull, text } from './kinds.js';
import { isCookieName } from './namespaces.js';
import { option, type OptionsOf } from './option.js';

export const cookieOptions = {
  /**
   * The name of the cookie.
   * @default sessionid_{projectName}
   */
  name: option(text("a cookie name: letters, digits and !#$%&'*+-.^_`|~", isCookieName), {
    environment: 'SESSION_COOKIE_NAME',
  }),
  /**
   * The path of the cookie. null (in the environment: `none`) leaves the attribute out.
   * @default '/'
   */
  path: option(
    orNull(
      text("a path that begins with '/', without ';' or control characters", (path) =>
        /^\/[\x20-\x3a\x3c-\x7e]*$/.test(path),
      ),
      'to leave it out',
    ),
    { environment: 'SESSION_COOKIE_PATH', default: '/' },
  ),
  /** The domain that gets the cookie. Without it, the cookie goes to this host only. */
  domain: option(
    orNone(
      text('a domain name such as example.com', (domain) => /^\.?[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(domain)),
    ),
    { environment: 'SESSION_COOKIE_DOMAIN' },
  ),
  /**
   * Whether browsers send the cookie over TLS only.
   * @default true when NODE_ENV is `production`
   */
  secure: option(flag(), { environment: 'SESSION_COOKIE_SECURE' }),
  /**
   * Whether the cookie is hidden from scripts in the page.
   * @default true
   */
  httpOnly: option(flag(), { environment: 'SESSION_COOKIE_HTTPONLY', default: true }),
  /**
   * `lax`, `strict`, `none` (needs `secure`), or false to leave the attribute out.
   * @default 'lax'
   */
  sameSite: option(oneOf('lax', 'strict', 'none', false), {
    environment: 'SESSION_COOKIE_SAMESITE',
    default: 'lax',
  }),
  /** Whether each top-level site has its own cookie (CHIPS). Needs `secure`. */
  partitioned: option(flag(), { environment: 'SESSION_COOKIE_PARTITIONED' }),
  /** The priority with which a browser keeps the cookie when it has too many: `low`, `medium` or `high`. */
  priority: option(oneOf('low', 'medium', 'high'), { environment: 'SESSION_COOKIE_PRIORITY' }),
};

/** The session cookie. */
export interface CookieOptions extends OptionsOf<typeof cookieOptions> {}
