import { parseSetCookie } from 'cookie';
import type { SessionSettings } from '../../../../lib/config/settings.js';
import { SessionCookie } from '../../../../lib/session-http/headers/session-cookie.js';

const KEY = 'a'.repeat(32);
const NOW = 1_700_000_000_000;

const plain: SessionSettings['cookie'] = {
  name: 'sid',
  path: '/',
  secure: false,
  httpOnly: true,
  sameSite: 'lax',
};

describe('SessionCookie', () => {
  it('M3 gives Max-Age and Expires that agree', () => {
    const header = new SessionCookie(plain).issue(KEY, 60, NOW);
    expect(parseSetCookie(header)).toEqual({
      name: 'sid',
      value: KEY,
      maxAge: 60,
      expires: new Date(NOW + 60_000),
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
    });
  });

  it('M3 gives each key, age and second its own', () => {
    const cookie = new SessionCookie(plain);
    const given = (...args: Parameters<SessionCookie['issue']>): unknown => {
      const { value, maxAge, expires } = parseSetCookie(cookie.issue(...args));
      return [value, maxAge, expires?.getTime()];
    };
    const other = 'b'.repeat(32);
    expect(given(KEY, 60, NOW)).toEqual([KEY, 60, NOW + 60_000]);
    expect(given(other, 60, NOW + 999)).toEqual([other, 60, NOW + 60_000]);
    expect(given(KEY, 60, NOW + 1000)).toEqual([KEY, 60, NOW + 61_000]);
    expect(given(KEY, 10, NOW + 1000)).toEqual([KEY, 10, NOW + 11_000]);
    expect(given(KEY, undefined, NOW + 1000)).toEqual([KEY, undefined, undefined]);
  });

  it('M22 a negative Max-Age ends in the past', () => {
    const { maxAge, expires } = parseSetCookie(new SessionCookie(plain).issue(KEY, -10, NOW));
    expect([maxAge, expires]).toEqual([-10, new Date(NOW - 10_000)]);
  });

  it('M23 without Max-Age it ends with the browser', () => {
    const header = new SessionCookie(plain).issue(KEY, undefined, NOW);
    expect(header).not.toMatch(/max-age|expires/i);
  });

  it('M25 leaves out what is not wanted, and carries what is', () => {
    const bare = new SessionCookie({ ...plain, path: null, httpOnly: false, sameSite: false });
    expect(bare.issue(KEY, undefined, NOW)).toBe(`sid=${KEY}`);
    const full = new SessionCookie({
      ...plain,
      domain: 'example.com',
      secure: true,
      sameSite: 'none',
      partitioned: true,
      priority: 'low',
    });
    expect(parseSetCookie(full.issue(KEY, undefined, NOW))).toMatchObject({
      domain: 'example.com',
      secure: true,
      sameSite: 'none',
      partitioned: true,
      priority: 'low',
    });
  });

  it('M9 is taken with the attributes it was given with', () => {
    const cookie = new SessionCookie({ ...plain, domain: 'example.com', secure: true, partitioned: true });
    const given = parseSetCookie(cookie.issue(KEY, 60, NOW));
    const taken = parseSetCookie(cookie.expire());
    expect(taken).toEqual({ ...given, value: '', maxAge: 0, expires: new Date(0) });
  });
});
