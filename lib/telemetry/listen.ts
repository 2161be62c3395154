import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { CacheEvent } from './cache-channel.js';
import type { SessionOperationEvent } from './session-channel.js';

/** The listeners for operations. */
export interface OperationListener {
  onCache(event: CacheEvent): void;
  onSession(event: SessionOperationEvent): void;
}

/** @returns a function that ends it */
export const listenToOperations = (listener: OperationListener): (() => void) => {
  const onCache = (event: unknown): void => listener.onCache(event as CacheEvent);
  const onSession = (event: unknown): void => listener.onSession(event as SessionOperationEvent);
  subscribe('nestjs-codex-redis:cache', onCache);
  subscribe('nestjs-codex-redis:session', onSession);
  return () => {
    unsubscribe('nestjs-codex-redis:cache', onCache);
    unsubscribe('nestjs-codex-redis:session', onSession);
  };
};

/** The upper bounds of the buckets of durations, in seconds, as the conventions of OpenTelemetry have them for databases. */
export const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

export const secondsOf = (milliseconds: number): number => milliseconds / 1000;
