import type { CacheService, JsonSerializer, Session as SessionOf, SessionService } from 'nestjs-codex-redis';

/** What the blocks of TypeScript on the pages may take for granted. */
declare global {
  var cache: CacheService;
  var sessions: SessionService;
  var session: SessionOf;
  var serializer: JsonSerializer;
  /** Made of `expression; // → value`. */
  var check: (actual: unknown, expected: unknown) => void;
}
