import { CodexRedisError } from './codex-redis.error.js';

/** The serializer cannot read a stored text: it is not JSON, or JavaScript cannot represent it. */
export class SerializationError extends CodexRedisError {
  override readonly name: string = 'SerializationError';
  readonly code = 'CODEX_REDIS_SERIALIZATION';
}
