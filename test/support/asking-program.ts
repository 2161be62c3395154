import { CacheService } from '../../lib/cache/cache.service.js';
import { settle } from '../../lib/config/option.js';
import { readThroughOptions } from '../../lib/config/read-through-options.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { openRedis } from './stores.js';

/* A process whose callers ask one cache, and whose factory makes what the test says when the test says so. */

/** What the test tells this process. */
export type Order =
  | { readonly kind: 'ask'; readonly key: string; readonly callers: number }
  | { readonly kind: 'open'; readonly value: string }
  | { readonly kind: 'delete'; readonly key: string };

/** What this process tells the test. */
export type Report =
  | { readonly kind: 'ready' }
  /** The callers have asked. */
  | { readonly kind: 'asked' }
  /** The factory runs, and waits for its value. */
  | { readonly kind: 'runs' }
  /** What the callers were given, each value once. */
  | { readonly kind: 'given'; readonly values: readonly unknown[] }
  | { readonly kind: 'deleted' };

/** A busy machine is none of what is tested. */
const OPERATION_TIMEOUT_MS = 60_000;

const store = openRedis(process.env['REDIS_URL'] ?? '', OPERATION_TIMEOUT_MS);
const cache = new CacheService(
  store,
  {
    place: 'cache.',
    keyPrefix: 'app',
    timeoutMs: 300_000,
    version: 1,
    readThrough: settle(readThroughOptions, {
      singleFlight: 'shared',
      lease: 1,
      wait: '5m',
      factoryTimeout: null,
    }),
  },
  new JsonSerializer(),
);

const report = (message: Report): void => void process.send?.(message);

let open: (value: string) => void;

const factory = (): Promise<string> => {
  const value = new Promise<string>((resolve) => (open = resolve));
  report({ kind: 'runs' });
  return value;
};

const ask = async (key: string, callers: number): Promise<void> => {
  const calls = Array.from({ length: callers }, () => cache.getOrSet(key, factory));
  report({ kind: 'asked' });
  report({ kind: 'given', values: [...new Set(await Promise.all(calls))] });
};

const carryOut = async (order: Order): Promise<void> => {
  if (order.kind === 'ask') await ask(order.key, order.callers);
  else if (order.kind === 'open') open(order.value);
  else {
    await cache.delete(order.key);
    report({ kind: 'deleted' });
  }
};

process.on('message', (order: Order) => void carryOut(order));
process.on('disconnect', () => void store.close());
void store.connect().then(() => report({ kind: 'ready' }));
