import { type Clock } from '../../lib/store/clock.js';
import { type KeyValueStore } from '../../lib/store/key-value-store.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';

/** A place for keys, opened by a contract suite. */
export interface OpenedStore {
  readonly store: KeyValueStore;
  /** A second client of the same place; the same object where there can be only one. */
  readonly other: KeyValueStore;
  /** Lets the time go by for an entry, as if its ttl were that much shorter. */
  elapse(key: string, ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoreUnderTest {
  readonly name: string;
  open(): Promise<OpenedStore>;
}

/** A clock that a test moves. */
export class TestClock implements Clock {
  constructor(private time = Date.now()) {}

  now(): number {
    return this.time;
  }

  advance(ms: number): void {
    this.time += ms;
  }
}

const memory: StoreUnderTest = {
  name: 'memory',
  open: async () => {
    const clock = new TestClock();
    const store = new MemoryStore({ clock });
    await store.connect();
    return {
      store,
      other: store,
      elapse: (_key, ms) => {
        clock.advance(ms);
        return Promise.resolve();
      },
      close: () => store.close(),
    };
  },
};

/** Every store the contract holds on. */
export const stores: readonly StoreUnderTest[] = [memory];
