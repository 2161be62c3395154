import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import type { AddressInfo } from 'node:net';
import { CodexRedisModule } from '../../lib/index.js';
import { CodexRedisThrottlerModule, CodexRedisThrottlerStorage } from '../../lib/throttler/index.js';

/** A rate-limited application in a process of its own: `child_process.fork()` it, with its settings in the environment. */
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

const app = await NestFactory.create(LimitedModule, { logger: ['warn'] });
await app.listen(0, '127.0.0.1');
process.on('disconnect', () => {
  void app.close();
});
process.send?.((app.getHttpServer() as { address(): AddressInfo }).address().port);
