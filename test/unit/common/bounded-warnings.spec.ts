import { BoundedWarnings } from '../../../lib/common/bounded-warnings.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

describe('BoundedWarnings', () => {
  it('SX15 warns once a minute of each kind, and counts the others', () => {
    const clock = new TestClock();
    const told: string[] = [];
    const warnings = new BoundedWarnings<'a' | 'b'>({ warn: (message) => told.push(message) }, clock);
    for (let i = 0; i < 1000; i++) warnings.warn('a', `a${i}`);
    warnings.warn('b', 'b');
    expect(told).toEqual(['a0', 'b']);
    clock.advance(59_999);
    warnings.warn('a', 'a');
    clock.advance(1);
    warnings.warn('a', 'again');
    warnings.warn('b', 'again');
    expect(told.slice(2)).toEqual(['again (1000 more since the last such warning)', 'again']);
    clock.advance(-3_600_000);
    warnings.warn('a', 'after the clock went back');
    expect(told).toHaveLength(5);
  });
});
