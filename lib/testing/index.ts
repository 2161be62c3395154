export { type EmbeddedCodexRedis, embedCodexRedis } from './embed-codex-redis.js';
export { Faults, type FaultOptions, type StoreVerb } from './faults.js';
export { createSessionCookie, type SessionCookie } from './session-cookie.js';
export { TestClock } from './test-clock.js';
