import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { CacheEvent } from '../../lib/telemetry/cache-channel.js';
import type { OperationEvent } from '../../lib/telemetry/operations.js';
import type { SessionOperationEvent } from '../../lib/telemetry/session-channel.js';

/** What is told of the operations of this process from now on. */
export interface ToldEvents<E extends OperationEvent> {
  readonly all: E[];
  /** Those of some operations, or of all, without what differs from run to run. */
  of(...operations: E['operation'][]): object[];
  end(): void;
}

export type CacheEvents = ToldEvents<CacheEvent>;

export const cacheEvents = (): CacheEvents => eventsOn('nestjs-codex-redis:cache');

export const sessionEvents = (): ToldEvents<SessionOperationEvent> => eventsOn('nestjs-codex-redis:session');

const eventsOn = <E extends OperationEvent>(channel: string): ToldEvents<E> => {
  const all: E[] = [];
  const listener = (event: unknown): void => void all.push(event as E);
  subscribe(channel, listener);
  return {
    all,
    of: (...operations) =>
      all
        .filter(({ operation }) => operations.length === 0 || operations.includes(operation))
        .map((event) => timeless(event)),
    end: () => void unsubscribe(channel, listener),
  };
};

/** An event without its durations, which are times in milliseconds. */
const timeless = (event: OperationEvent & { readonly factoryDuration?: number }): object => {
  const { duration, factoryDuration, ...rest } = event;
  for (const time of [duration, factoryDuration ?? 0])
    if (!Number.isFinite(time) || time < 0) throw new Error(`a duration of ${time} ms`);
  return rest;
};
