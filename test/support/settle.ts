import { performance } from 'node:perf_hooks';
import { companionKey } from '../../lib/store/companion-key.js';
import { timeOf } from './time-of.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';

/** How a call ended. */
export interface Settled {
  /** `undefined` when it succeeded. */
  readonly error: unknown;
  readonly afterMs: number;
  /** The same by `timeOf`. */
  readonly waitedMs: number;
}

/** Calls until one call is rejected, and gives its error. */
export const untilRejected = async (call: () => Promise<unknown>): Promise<unknown> => {
  for (;;) {
    const { error } = await settle(call);
    if (error !== undefined) return error;
  }
};

export const settle = async (call: () => Promise<unknown>): Promise<Settled> => {
  const start = performance.now();
  let error: unknown;
  const waitedMs = await timeOf(async () => {
    error = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
  });
  return { error, afterMs: performance.now() - start, waitedMs };
};

/**
 * Every verb, each as a caller would use it, on keys that begin with `prefix`. The last two are those that name no key. A verb
 * that is missing here does not compile. A subscription lasts, and is no call.
 */
export const verbs = (store: KeyValueStore, prefix = ''): (() => Promise<unknown>)[] => {
  const [k, l, h, u] = [`${prefix}k`, `${prefix}l`, `${prefix}h`, `${prefix}u`];
  const member = { handle: 'm', key: 'k' };
  const trace = companionKey(`${prefix}p`, 'trace', k);
  const kept = { entry: `${prefix}e`, grace: companionKey(`${prefix}p`, 'grace', `${prefix}e`) };
  const move = { expected: 'v', successor: 's', keepsValue: false, mayFork: true, traceTtl: 1000 };
  const write = { value: 'v', ttl: 1000, grace: 1000, over: { kind: 'anything' } } as const;
  const calls: Record<
    Exclude<keyof KeyValueStore, 'connect' | 'close' | 'subscribe'>,
    (() => Promise<unknown>)[]
  > = {
    get: [() => store.get(k)],
    getMany: [() => store.getMany([k, l])],
    has: [() => store.has(k)],
    set: [() => store.set(k, 'v', 1000)],
    setMany: [() => store.setMany([[k, 'v'], [l, 'v']], null)], // prettier-ignore
    setIfAbsent: [() => store.setIfAbsent(k, 'v', null)],
    setIfAbsentOrGet: [() => store.setIfAbsentOrGet(k, 'v', null)],
    setIfUntraced: [() => store.setIfUntraced(k, trace, 'v', 1000)],
    compareAndSet: [() => store.compareAndSet(k, 'v', 'w', null)],
    compareAndDelete: [() => store.compareAndDelete(k, 'v')],
    compareAndExpire: [() => store.compareAndExpire(k, 'v', 1000)],
    moveAway: [() => store.moveAway(k, trace, move)],
    end: [() => store.end(k, trace, 1000)],
    enrol: [() => store.enrol(u, { ...member, ttl: 1000, pendingMs: 1000 })],
    confirm: [() => store.confirm(u, 'm', 1000, [])],
    keepMember: [() => store.keepMember(u, member, 1000)],
    endMembers: [() => store.endMembers(u, { only: ['m'] })],
    forgetMembers: [() => store.forgetMembers(u, ['m'])],
    members: [() => store.members(u)],
    lookUpKept: [() => store.lookUpKept(kept, { grace: 1000, lastsMs: 1000 })],
    writeKept: [() => store.writeKept(kept, write)],
    expireKept: [() => store.expireKept(kept, 1000)],
    inspectKept: [() => store.inspectKept(kept)],
    takeTokens: [() => store.takeTokens([`${prefix}t`], 1000)],
    deleteInOrder: [() => store.deleteInOrder(k, [`${prefix}t`])],
    incrementKept: [() => store.incrementKept(kept, 1, 1000)],
    delete: [() => store.delete(k)],
    deleteMany: [() => store.deleteMany([k, l])],
    incrementIfPresent: [() => store.incrementIfPresent(k, 1)],
    expire: [() => store.expire(k, 1000), () => store.expire(k, null)],
    remaining: [() => store.remaining(k)],
    rename: [() => store.rename(k, l)],
    hit: [() => store.hit(h, { windowMs: 1000, limit: 1, blockMs: 1000 })],
    publish: [() => store.publish(`${prefix}c`, 'm')],
    scan: [() => store.scan('*')[Symbol.asyncIterator]().next()],
    ping: [() => store.ping()],
  };
  return Object.values(calls).flat();
};

/** Subscribes for a moment, over a connection that is made for it. */
export const subscribed = async (store: KeyValueStore, channel: string): Promise<void> => {
  const subscription = store.subscribe(channel, () => undefined);
  try {
    await subscription.ready;
  } finally {
    await subscription.end();
  }
};

/**
 * Calls of which each follows from the one before. Few, since close() serves them until the operation timeout has passed, and
 * a busy machine is slow.
 */
export const countThenDelete = async (store: KeyValueStore, key: string): Promise<unknown> => {
  for (let step = 0; step < 3; step++) await store.incrementIfPresent(key, 1);
  return store.compareAndDelete(key, '3');
};
