import { jest } from '@jest/globals';
import { channel } from 'node:diagnostics_channel';
import { RedisConnectionError } from '../../../lib/errors/redis.errors.js';
import { CacheKeyNotFoundError } from '../../../lib/errors/cache-key-not-found.error.js';
import type { KeyValueStore } from '../../../lib/store/key-value-store.js';
import { type OperationEvent, Operations } from '../../../lib/telemetry/operations.js';
import { Faults, type StoreVerb } from '../../../lib/testing/faults.js';
import type { ToldEvents } from '../cache-events.js';
import { storeWith } from '../sessions.js';

/** Part of every key, value, tag, user id, option and message that the calls of the tables work with. */
export const SECRET = 'SECRET';

/** A call that ends in a known way. */
export type Call = () => Promise<unknown>;

/** Prepares such a call. */
export type Prepare<Scene> = (scene: Scene) => Call | Promise<Call>;

/** The ways in which an operation can end: the outcome, and after a blank how it comes about. */
export type Endings<Scene, Outcome extends string> = Readonly<
  Partial<Record<Outcome | `${Outcome} ${string}`, Prepare<Scene>>>
>;

/** An operation, a way in which it ends, and the preparation of a call that does. */
export interface Driven<Scene> {
  readonly operation: string;
  readonly outcome: string;
  /** How the outcome comes about; the reason of a stale value. */
  readonly way: string | undefined;
  readonly prepare: Prepare<Scene>;
}

/** The rows of a table of operations. */
export const drivenOf = <Scene>(
  table: Readonly<Record<string, Endings<Scene, string>>>,
  only = Object.keys(table),
): Driven<Scene>[] =>
  only.flatMap((operation) =>
    Object.entries(table[operation] ?? {}).map(([ending, prepare]) => {
      const [outcome = '', way] = ending.split(' ');
      return { operation, outcome, way, prepare: prepare! };
    }),
  );

/** What a call failed with, if it did. */
export const failureOf = (call: Call): Promise<unknown> =>
  call().then(
    () => undefined,
    (error: unknown) => error,
  );

/** A store that can be made unreachable, for walks over its keys, too, or for some verbs only. */
export interface BreakableStore {
  readonly store: KeyValueStore;
  readonly fail: () => void;
  readonly failAt: (...verbs: StoreVerb[]) => void;
}

/** Makes a store breakable. The message of its error holds a secret. */
export const breakable = (store: KeyValueStore): BreakableStore => {
  const faults = new Faults();
  const error = Object.assign(new RedisConnectionError(), { message: `${SECRET} of Redis` });
  let isDown = false;
  const scan: KeyValueStore['scan'] = async function* (...args) {
    if (isDown) throw error;
    yield* store.scan(...args);
  };
  return {
    store: storeWith(faults.wrap(store), { scan }),
    fail: () => {
      isDown = true;
      faults.failNext({ times: Infinity }, error);
    },
    failAt: (...verbs) => faults.failNext({ times: Infinity, verbs }, error),
  };
};

/** Work of the caller that fails. */
export const broken = (): Promise<never> => Promise.reject(new Error(`${SECRET} of the factory`));

/** The same with an error that this module throws for a missing entry. */
export const missingInside = (): Promise<never> => Promise.reject(new CacheKeyNotFoundError(SECRET));

/** How many events were made by a call, and how many were published, whether or not anybody was told. */
export const madeBy = async (call: Call): Promise<{ begun: number; published: number }> => {
  const begin = jest.spyOn(Operations.prototype, 'begin');
  const publishes = ['cache', 'session'].map((name) =>
    jest.spyOn(channel(`nestjs-codex-redis:${name}`), 'publish'),
  );
  try {
    await failureOf(call);
    return {
      begun: begin.mock.calls.length,
      published: publishes.reduce((sum, { mock }) => sum + mock.calls.length, 0),
    };
  } finally {
    for (const spy of [begin, ...publishes]) spy.mockRestore();
  }
};

/** The events of a call, and what it failed with. */
export const eventsOf = async <E extends OperationEvent>(
  listen: () => ToldEvents<E>,
  call: Call,
): Promise<{ all: readonly E[]; told: object[]; failure: unknown }> => {
  const events = listen();
  try {
    const failure = await failureOf(call);
    return { all: events.all, told: events.of(), failure };
  } finally {
    events.end();
  }
};
