import { CodexRedisError } from './codex-redis.error.js';

/** A stored text is not what the serializer writes: not JSON, or JSON that JavaScript cannot hold. */
export class SerializationError extends CodexRedisError {
  override readonly name: string = 'SerializationError';
  readonly code = 'CODEX_REDIS_SERIALIZATION';
}
