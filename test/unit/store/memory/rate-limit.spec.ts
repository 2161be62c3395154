import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';
import { TestClock } from '../../../../lib/testing/test-clock.js';

describe('MemoryStore.hit', () => {
  const clock = new TestClock();
  const store = new MemoryStore({ clock });
  const hits = async (rule: { windowMs: number; limit: number; blockMs: number }): Promise<number> =>
    (await store.hit('k', rule)).hits;

  afterEach(() => store.delete('k'));

  it('lets each hit stop counting after a window of its own', async () => {
    const rule = { windowMs: 1000, limit: 2, blockMs: 0 };
    expect(await hits(rule)).toBe(1);
    clock.advance(900);
    expect(await hits(rule)).toBe(2);
    expect(await store.hit('k', rule)).toMatchObject({ blocked: true, blockRemainingMs: 100 });
    clock.advance(200);
    expect(await hits(rule)).toBe(2);
    clock.advance(1000);
    expect(await hits(rule)).toBe(1);
  });

  it('starts afresh after a block', async () => {
    const rule = { windowMs: 10_000, limit: 1, blockMs: 2000 };
    expect(await hits(rule)).toBe(1);
    expect(await store.hit('k', rule)).toMatchObject({ hits: 2, blocked: true, blockRemainingMs: 2000 });
    clock.advance(2000);
    expect(await store.hit('k', rule)).toMatchObject({ hits: 1, blocked: false, windowRemainingMs: 8000 });
  });

  it('forgets a limit once it no longer matters', async () => {
    const rule = { windowMs: 1000, limit: 1, blockMs: 5000 };
    await store.hit('k', rule);
    expect(await store.remaining('k')).toBe(1000);
    await store.hit('k', rule);
    expect(await store.remaining('k')).toBe(5000);
    clock.advance(5000);
    expect(await store.has('k')).toBe(false);
  });
});
