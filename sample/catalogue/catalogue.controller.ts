import { Controller, Delete, Get, Header, Post, Query, ServiceUnavailableException } from '@nestjs/common';
import { CacheResponse } from 'nestjs-codex-redis';
import type { Book } from './books.js';
import { type Statistics, CacheStatistics } from './cache-statistics.js';
import { BOOKS_TAG, CatalogueService } from './catalogue.service.js';

@Controller('api/books')
export class CatalogueController {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly statistics: CacheStatistics,
  ) {}

  /** From the cache, or from the database: the header Cache-Status says which. The browser asks each time. */
  @CacheResponse({ timeout: '10s', tags: [BOOKS_TAG], query: [] })
  @Header('Cache-Control', 'no-cache')
  @Get()
  async list(@Query('database') database?: string): Promise<readonly Book[]> {
    // A failure for one request. The parameter never changes the list, so `query` may leave it out of the key.
    if (database === 'down') throw new ServiceUnavailableException('The database is down');
    return await this.catalogue.list();
  }

  @Get('statistics')
  readStatistics(): Statistics {
    return this.statistics.read();
  }

  @Post('prices')
  async changePrices(): Promise<void> {
    await this.catalogue.changePrices();
  }

  @Delete('cache')
  async clearCache(): Promise<{ deleted: number }> {
    return { deleted: await this.catalogue.clear() };
  }
}
