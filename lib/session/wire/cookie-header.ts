import { parseCookie } from 'cookie';

/**
 * The value of a cookie in a Cookie header, `undefined` when it is not there. Of several with that name the last
 * one counts, as with Django.
 */
export const cookieValue = (header: string | undefined, name: string): string | undefined => {
  if (header === undefined) return undefined;
  // Each cookie by itself, since parseCookie() keeps the first of several.
  for (let end = header.length; end > 0;) {
    const start = header.lastIndexOf(';', end - 1);
    const value = parseCookie(header.slice(start + 1, end))[name];
    if (value !== undefined) return value;
    end = start;
  }
  return undefined;
};
