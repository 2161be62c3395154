import { type DynamicModule, Module } from '@nestjs/common';
import {
  CodexRedisThrottlerStorage,
  THROTTLER_STORAGE_OPTIONS,
  type ThrottlerStorageOptions,
} from './codex-redis-throttler.storage.js';

/**
 * Makes `CodexRedisThrottlerStorage` injectable:
 * `ThrottlerModule.forRootAsync({ imports: [CodexRedisThrottlerModule], inject: [CodexRedisThrottlerStorage], … })`.
 */
@Module({ providers: [CodexRedisThrottlerStorage], exports: [CodexRedisThrottlerStorage] })
export class CodexRedisThrottlerModule {
  static register(options: ThrottlerStorageOptions): DynamicModule {
    return {
      module: CodexRedisThrottlerModule,
      providers: [{ provide: THROTTLER_STORAGE_OPTIONS, useValue: options }],
    };
  }
}
