import { Controller, Delete, Get, Header, Post } from '@nestjs/common';
import { CacheResponse } from 'nestjs-codex-redis';
import { BookDatabase } from './book-database.js';
import type { Book } from './books.js';
import { type Statistics, CacheStatistics } from './cache-statistics.js';
import { BOOKS_TAG, CatalogueService } from './catalogue.service.js';

@Controller('api/books')
export class CatalogueController {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly database: BookDatabase,
    private readonly statistics: CacheStatistics,
  ) {}

  /** From the cache, or from the database: the header Cache-Status says which. The browser asks each time. */
  @CacheResponse({ timeout: '5m', tags: [BOOKS_TAG] })
  @Header('Cache-Control', 'no-cache')
  @Get()
  async list(): Promise<readonly Book[]> {
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

  /** Lets the database fail, or work again. */
  @Post('outage')
  toggleOutage(): { isDown: boolean } {
    return { isDown: this.database.toggleOutage() };
  }

  @Delete('cache')
  async clearCache(): Promise<{ deleted: number }> {
    return { deleted: await this.catalogue.clear() };
  }
}
