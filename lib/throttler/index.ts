export { CodexRedisThrottlerModule } from './codex-redis-throttler.module.js';
export { CodexRedisThrottlerStorage, type ThrottlerStorageOptions } from './codex-redis-throttler.storage.js';
