import { Controller, Delete, Get } from '@nestjs/common';
import { type Statistics, CacheStatistics } from './cache-statistics.js';
import { type Listing, CatalogueService } from './catalogue.service.js';

@Controller('api/books')
export class CatalogueController {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly statistics: CacheStatistics,
  ) {}

  @Get()
  async list(): Promise<Listing & { statistics: Statistics }> {
    const listing = await this.catalogue.list();
    return { ...listing, statistics: this.statistics.read() };
  }

  @Delete('cache')
  async clearCache(): Promise<{ deleted: number }> {
    return { deleted: await this.catalogue.clear() };
  }
}
