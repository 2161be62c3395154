import fc from 'fast-check';
import { escapeGlob, globMatcher } from '../../../lib/common/glob.js';

describe('globs', () => {
  it('an escaped text matches itself and nothing else', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '*', '?', '[', ']', '\\', '^', '-', 'é', '😀'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(globMatcher(escapeGlob(one))(other)).toBe(one === other);
      }),
      { numRuns: 2000 },
    );
  });

  it('stars match as the regular expression does', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(letters, text, (glob, given) => {
        const expression = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(globMatcher(glob)(given)).toBe(expression.test(given));
      }),
      { numRuns: 2000 },
    );
  });

  it('many stars take no exponential time', () => {
    expect(globMatcher(`${'*a'.repeat(200)}b`)('a'.repeat(5000))).toBe(false);
  });
});
