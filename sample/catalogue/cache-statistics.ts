import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { CacheEvent } from 'nestjs-codex-redis';

/** One read of the catalogue, for the chart. */
export interface Read {
  readonly outcome: CacheEvent['outcome'];
  readonly tookMs: number;
}

export interface Statistics {
  readonly hits: number;
  readonly misses: number;
  readonly savedMs: number;
  /** The latest reads, oldest first. */
  readonly reads: readonly Read[];
}

const CHANNEL = 'nestjs-codex-redis:cache';
const MOST_READS = 24;

/** Hits, misses and saved time of this process' cache, from the diagnostics channel. */
@Injectable()
export class CacheStatistics implements OnModuleInit, OnModuleDestroy {
  #hits = 0;
  #misses = 0;
  #savedMs = 0;
  /** Duration of the last database query. */
  #queryMs = 0;
  readonly #reads: Read[] = [];

  onModuleInit(): void {
    subscribe(CHANNEL, this.#onEvent);
  }

  onModuleDestroy(): void {
    unsubscribe(CHANNEL, this.#onEvent);
  }

  read(): Statistics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      savedMs: Math.round(this.#savedMs),
      reads: [...this.#reads],
    };
  }

  readonly #onEvent = (message: unknown): void => {
    const { operation, cache, outcome, duration, factoryDuration } = message as CacheEvent;
    if (operation !== 'getOrSet' || cache !== 'default') return;
    if (factoryDuration !== undefined) this.#queryMs = factoryDuration;
    if (outcome === 'hit' || outcome === 'stale') {
      this.#hits += 1;
      this.#savedMs += Math.max(0, this.#queryMs - duration);
    } else this.#misses += 1;
    this.#reads.push({ outcome, tookMs: Math.round(duration * 10) / 10 });
    if (this.#reads.length > MOST_READS) this.#reads.shift();
  };
}
