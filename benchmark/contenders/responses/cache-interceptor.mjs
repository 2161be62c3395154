import { createKeyv } from '@keyv/redis';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { UseInterceptors } from '@nestjs/common';
import { TTL_MS } from '../cache/contract.mjs';
import { serve } from './application.mjs';

/** What @nestjs/cache-manager shows for caching a response on Redis. */
export const open = ({ url, platform }) =>
  serve({
    platform,
    cached: UseInterceptors(CacheInterceptor),
    imports: [CacheModule.register({ stores: [createKeyv(url)], ttl: TTL_MS })],
  });
