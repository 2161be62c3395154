import { CacheResponse, CodexRedisModule } from '../../../dist/index.js';
import { PREFIX } from '../cache/contract.mjs';
import { serve } from './application.mjs';

/** This module. */
export const open = ({ url, platform }) =>
  serve({
    platform,
    cached: CacheResponse({ timeout: '5m' }),
    imports: [CodexRedisModule.forRoot({ url, cache: { keyPrefix: PREFIX } })],
  });
