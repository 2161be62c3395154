export { CodexRedisHealthIndicator } from './codex-redis.health-indicator.js';
export { CodexRedisHealthModule } from './codex-redis-health.module.js';
