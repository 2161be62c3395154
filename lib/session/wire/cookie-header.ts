import { parseCookie } from 'cookie';

/** The values of the cookies of one name in a Cookie header, the last first. */
export const cookieValues = (header: string | undefined, name: string): string[] => {
  const values: string[] = [];
  if (header === undefined) return values;
  for (let at = header.lastIndexOf(name); at >= 0;) {
    const start = header.lastIndexOf(';', at) + 1;
    const end = header.indexOf(';', at);
    // each cookie by itself, since parseCookie() keeps the first of several
    const value = parseCookie(header.slice(start, end < 0 ? header.length : end))[name];
    if (value !== undefined) values.push(value);
    at = start === 0 ? -1 : header.lastIndexOf(name, start - 1);
  }
  return values;
};
