export { CodexRedisInstrumentation } from './codex-redis-instrumentation.js';
