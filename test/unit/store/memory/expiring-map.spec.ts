import { ExpiringMap } from '../../../../lib/store/memory/expiring-map.js';
import { TestClock } from '../../../../lib/testing/test-clock.js';

describe('ExpiringMap', () => {
  it('lets go of entries that expired and that nobody asks for again', () => {
    const clock = new TestClock();
    const map = new ExpiringMap<number>(clock);
    let largest = 0;
    for (let i = 0; i < 20_000; i++) {
      map.set(`k${i}`, i, 50);
      clock.advance(1);
      largest = Math.max(largest, map.size);
    }
    expect(largest).toBeLessThan(200);
  });

  it('does so beside entries that stay', () => {
    const clock = new TestClock();
    const map = new ExpiringMap<number>(clock);
    for (let i = 0; i < 1000; i++) map.set(`stays${i}`, i, null);
    for (let i = 0; i < 20_000; i++) {
      map.set(`k${i}`, i, 50);
      clock.advance(1);
    }
    expect(map.size).toBeLessThan(2000);
    expect(map.get('stays0')).toBe(0);
  });

  it('ends an entry at the very millisecond', () => {
    const clock = new TestClock();
    const map = new ExpiringMap<string>(clock);
    map.set('k', 'v', 0.5);
    expect(map.get('k')).toBe('v');
    clock.advance(0.25);
    expect(map.remaining('k')).toBe(0.25);
    clock.advance(0.25);
    expect(map.get('k')).toBeUndefined();
  });
});
