import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CodexRedisHealth } from '../store/codex-redis-health.js';
import { CodexRedisHealthIndicator } from './codex-redis.health-indicator.js';

/** Makes `CodexRedisHealthIndicator` injectable where it is imported. */
@Module({
  imports: [TerminusModule],
  providers: [CodexRedisHealth, CodexRedisHealthIndicator],
  exports: [CodexRedisHealthIndicator],
})
export class CodexRedisHealthModule {}
