import fc from 'fast-check';
import { invitesSharedCaches, withoutSharedCaching } from '../../../lib/common/cache-control.js';

describe('withoutSharedCaching', () => {
  it.each([
    ['public', 'private'],
    ['Public, Max-Age=60', 'private, Max-Age=60'],
    ['s-maxage=10', 'private'],
    ['max-age=1,s-maxage = 10', 'private, max-age=1'],
    ['no-cache="Set-Cookie, public", public', 'private, no-cache="Set-Cookie, public"'],
    ['ext="a\\", public", public', 'private, ext="a\\", public"'],
    ['private, public', 'private'],
    ['private="X-A", public', 'private, private="X-A"'],
    [', ,public,,', 'private'],
    ['', 'private'],
    ['max-age=60', 'private, max-age=60'],
    ['no-cache', 'private, no-cache'],
    ['private="X-A"', 'private, private="X-A"'],
    ['publicity', 'private, publicity'],
    ['x="public"', 'private, x="public"'],
    ['public, no-store', 'no-store'],
  ])('M31 %j becomes %j', (before, after) => {
    expect(withoutSharedCaching(before)).toBe(after);
  });

  it.each(['no-store', 'No-Store', 'private, max-age=60', 'private, no-cache="s-maxage=1"'])(
    'M31 leaves %j alone',
    (header) => {
      expect(withoutSharedCaching(header)).toBeUndefined();
    },
  );

  it('M31 never leaves a directive for shared caches, whatever stands there', () => {
    const part = fc.oneof(
      fc.constantFrom('public', 's-maxage=1', '"', ',', ' ', 'no-store', '='),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const header = parts.join(',');
        const made = withoutSharedCaching(header) ?? header;
        expect(withoutSharedCaching(made)).toBeUndefined();
        expect(invitesSharedCaches(made)).toBe(false);
      }),
    );
  });
});
