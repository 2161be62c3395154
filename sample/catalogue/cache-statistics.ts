import { Injectable } from '@nestjs/common';
import { type CacheService, InjectCache } from 'nestjs-codex-redis';

export interface Statistics {
  readonly hits: number;
  readonly misses: number;
  readonly savedMs: number;
}

/** How often the cache helped. The counters stand in a cache of their own, which clearing the shop's leaves alone. */
@Injectable()
export class CacheStatistics {
  constructor(@InjectCache('counters') private readonly counters: CacheService) {}

  async count(source: 'cache' | 'database', savedMs: number): Promise<void> {
    if (source === 'database') await this.add('misses', 1);
    else {
      await this.add('hits', 1);
      await this.add('savedMs', Math.max(0, Math.round(savedMs)));
    }
  }

  async read(): Promise<Statistics> {
    const counted = await this.counters.getMany<number>(['hits', 'misses', 'savedMs']);
    return {
      hits: counted.get('hits') ?? 0,
      misses: counted.get('misses') ?? 0,
      savedMs: counted.get('savedMs') ?? 0,
    };
  }

  /** `add` stores only where nothing is and `incr` counts in Redis, so that many processes may count at once. */
  private async add(name: keyof Statistics, amount: number): Promise<void> {
    if (!(await this.counters.add(name, amount))) await this.counters.incr(name, amount);
  }
}
