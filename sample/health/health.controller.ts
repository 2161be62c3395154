import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { SkipSession } from 'nestjs-codex-redis';
import { CodexRedisHealthIndicator } from 'nestjs-codex-redis/terminus';

@Controller('health')
@SkipSession()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: CodexRedisHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('redis')]);
  }
}
