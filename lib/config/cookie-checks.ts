import { stringifySetCookie } from 'cookie';
import type { CookieOptions } from './cookie-options.js';
import { isProduction } from './environment.js';
import type { Problem } from './option.js';

/** Browsers drop a cookie that breaks the rules of its own name or attributes (RFC 6265bis). */
export const checkCookie = (cookie: CookieOptions): Problem[] => {
  const name = (cookie.name ?? '').toLowerCase();
  const secure = cookie.secure ?? isProduction();
  const needsHttpOnly = name.startsWith('__http-') || name.startsWith('__host-http-');
  const rules: readonly [broken: boolean, option: string, message: string][] = [
    [cookie.sameSite === 'none' && !secure, 'sameSite', "'none' needs session.cookie.secure: true"],
    [cookie.partitioned === true && !secure, 'partitioned', 'needs session.cookie.secure: true'],
    [name.startsWith('__secure-') && !secure, 'name', 'with __Secure- needs session.cookie.secure: true'],
    [name.startsWith('__host-') && !secure, 'name', 'with __Host- needs session.cookie.secure: true'],
    [name.startsWith('__http-') && !secure, 'name', 'with __Http- needs session.cookie.secure: true'],
    [needsHttpOnly && cookie.httpOnly === false, 'name', 'with Http- needs session.cookie.httpOnly: true'],
    [
      name.startsWith('__host-') && cookie.domain !== undefined,
      'domain',
      'cannot stand beside a name with __Host-',
    ],
    [
      name.startsWith('__host-') && cookie.path !== undefined && cookie.path !== '/',
      'path',
      "must be '/' for a name with __Host-",
    ],
  ];
  return [
    ...rules.filter(([broken]) => broken).map(([, option, message]) => ({ option, message })),
    ...UNSENDABLE.flatMap((option) => refusalOf(option, cookie)),
  ].map(({ option, message }) => ({ path: `session.cookie.${option}`, message }));
};

/** The options that the cookie library checks too. */
const UNSENDABLE = ['name', 'path', 'domain'] as const;

/** Checks now what would otherwise fail when the first cookie is sent. */
const refusalOf = (
  option: (typeof UNSENDABLE)[number],
  cookie: CookieOptions,
): { option: string; message: string }[] => {
  const value = cookie[option];
  if (value === undefined || value === null) return [];
  try {
    stringifySetCookie({ name: 'name', value: '', [option]: value });
    return [];
  } catch {
    return [
      { option, message: 'cannot be sent in a Set-Cookie header; use letters, digits, hyphens and dots' },
    ];
  }
};
