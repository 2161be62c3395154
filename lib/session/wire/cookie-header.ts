import { parseCookie } from 'cookie';

/**
 * The value of a cookie in a Cookie header, `undefined` when it is not there. Of several with that name the last
 * one counts, as with Django.
 */
export const cookieValue = (header: string | undefined, name: string): string | undefined => {
  const last = header?.lastIndexOf(name) ?? -1;
  if (header === undefined || last < 0) return undefined;
  return plainValue(header, name, last) ?? parsedValue(header, name);
};

/** What needs no trimming or decoding. */
const PLAIN = /^[\w-]+$/;

/** The value of a cookie spelled as browsers spell a session key; every request with a session pays for this. */
const plainValue = (header: string, name: string, at: number): string | undefined => {
  const from = at + name.length + 1;
  if (header.charAt(from - 1) !== '=' || (at > 0 && !header.startsWith('; ', at - 2))) return undefined;
  const end = header.indexOf(';', from);
  const value = end < 0 ? header.slice(from) : header.slice(from, end);
  return PLAIN.test(value) ? value : undefined;
};

const parsedValue = (header: string, name: string): string | undefined => {
  for (let end = header.length; end > 0;) {
    const start = header.lastIndexOf(';', end - 1);
    const value = parseCookie(header.slice(start + 1, end))[name];
    if (value !== undefined) return value;
    end = start;
  }
  return undefined;
};
