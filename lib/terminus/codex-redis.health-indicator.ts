import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { CodexRedisHealth, type ConnectionHealth } from '../store/codex-redis-health.js';

/** `CodexRedisHealth` for `@nestjs/terminus`: `health.check([() => redis.isHealthy('redis')])`. */
@Injectable()
export class CodexRedisHealthIndicator {
  constructor(
    @Inject(CodexRedisHealth) private readonly health: CodexRedisHealth,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
  ) {}

  /** Returns up with the latency of each connection in milliseconds, or down with the code of each error. */
  async isHealthy<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const { status, connections } = await this.health.check();
    const indicator = this.indicators.check(key);
    const data = { connections: connections.map(described) };
    return status === 'up' ? indicator.up(data) : indicator.down(data);
  }
}

const described = (connection: ConnectionHealth): Record<string, unknown> =>
  connection.status === 'up'
    ? { purpose: connection.purpose, latencyMs: connection.latencyMs }
    : { purpose: connection.purpose, code: connection.code };
