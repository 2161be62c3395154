import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { CodexRedisModule } from '../../lib/index.js';
import { CodexRedisThrottlerModule, CodexRedisThrottlerStorage } from '../../lib/throttler/index.js';
import { serve } from './serve.js';

/** A rate-limited application for `startApplication()`, with its settings in the environment. */
@Controller()
class LimitedController {
  @Get()
  answer(): string {
    return 'ok';
  }
}

const { REDIS_URL, KEY_PREFIX = '', WHEN_UNAVAILABLE } = process.env;
const whenUnavailable = WHEN_UNAVAILABLE === 'allow' ? 'allow' : 'refuse';

@Module({
  imports: [
    CodexRedisModule.forRoot({ url: REDIS_URL, operationTimeoutMs: 300, cache: { keyPrefix: KEY_PREFIX } }),
    ThrottlerModule.forRootAsync({
      imports: [CodexRedisThrottlerModule.register({ whenUnavailable })],
      inject: [CodexRedisThrottlerStorage],
      useFactory: (storage: CodexRedisThrottlerStorage) => ({
        throttlers: [{ ttl: 60_000, limit: 10 }],
        storage,
      }),
    }),
  ],
  controllers: [LimitedController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
class LimitedModule {}

await serve(LimitedModule);
