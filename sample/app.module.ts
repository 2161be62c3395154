import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { seconds, ThrottlerModule } from '@nestjs/throttler';
import { CodexRedisModule } from 'nestjs-codex-redis';
import { CodexRedisThrottlerModule, CodexRedisThrottlerStorage } from 'nestjs-codex-redis/throttler';
import { AccountModule } from './account/account.module.js';
import { CartModule } from './cart/cart.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { HealthModule } from './health/health.module.js';
import { PageModule } from './page/page.module.js';
import { SameOriginGuard } from './same-origin.guard.js';
import { settings } from './settings.js';
import { VoucherModule } from './voucher/voucher.module.js';

@Module({
  imports: [
    CodexRedisModule.forRoot({
      isGlobal: true,
      url: settings.redisUrl,
      projectName: 'bookshop',
      secretKey: settings.secretKey,
      cache: {
        keyPrefix: 'bookshop',
        timeout: '5m',
        tags: true,
        readThrough: { grace: '1h' },
      },
      session: { age: '7d', broadcastEvents: true },
    }),
    ThrottlerModule.forRootAsync({
      imports: [CodexRedisThrottlerModule],
      inject: [CodexRedisThrottlerStorage],
      useFactory: (storage: CodexRedisThrottlerStorage) => ({
        storage,
        throttlers: [{ limit: 5, ttl: seconds(20) }],
        errorMessage: 'Too many tries: please wait a little.',
      }),
    }),
    AccountModule,
    CartModule,
    CatalogueModule,
    DevicesModule,
    HealthModule,
    PageModule,
    VoucherModule,
  ],
  providers: [{ provide: APP_GUARD, useClass: SameOriginGuard }],
})
export class AppModule {}
