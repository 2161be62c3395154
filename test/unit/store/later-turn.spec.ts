import { jest } from '@jest/globals';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';

describe('The embedded store', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([false, true])(
    'SE30 answers in a later turn of the event loop (timers faked: %s)',
    async (faked) => {
      const realImmediate = setImmediate;
      if (faked) jest.useFakeTimers();
      const store = new MemoryStore();
      const steps: string[] = [];
      const reading = store.get('key').then(() => steps.push('answered'));
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      steps.push('microtasks are through');
      await reading;
      expect(steps).toEqual(['microtasks are through', 'answered']);
      await new Promise((resolve) => realImmediate(resolve));
      await store.close();
    },
  );

  it('SE30 so that two who read and then write lose an update, as on Redis', async () => {
    const store = new MemoryStore();
    const add = async (name: string): Promise<void> => {
      const before = (await store.get('cart')) ?? '';
      await store.set('cart', before + name, null);
    };
    await Promise.all([add('a'), add('b')]);
    expect(await store.get('cart')).toHaveLength(1);
    await store.close();
  });
});
