import { jest } from '@jest/globals';
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

  it('SX13 each byte of a text costs at most one step for each token of the glob', () => {
    const steps = jest.spyOn(String.prototype, 'charCodeAt');
    const stepsFor = (glob: string, text: string): number => {
      const matches = globMatcher(glob);
      steps.mockClear();
      expect(matches(text)).toBe(false);
      return steps.mock.calls.length;
    };
    try {
      const globs = [`${'*a'.repeat(512)}b`, `*${'a'.repeat(1022)}b`, '*[a-z]'.repeat(170) + 'B'];
      for (const glob of globs) {
        const [once, twice] = [stepsFor(glob, 'a'.repeat(5000)), stepsFor(glob, 'a'.repeat(10_000))];
        expect(once).toBeLessThanOrEqual(5000 * 1024);
        expect(twice).toBeLessThanOrEqual(2.5 * once);
      }
    } finally {
      steps.mockRestore();
    }
  });
});
