import { Module } from '@nestjs/common';
import { BookDatabase } from './book-database.js';
import { CacheStatistics } from './cache-statistics.js';
import { CatalogueController } from './catalogue.controller.js';
import { CatalogueService } from './catalogue.service.js';

@Module({
  controllers: [CatalogueController],
  providers: [BookDatabase, CacheStatistics, CatalogueService],
  exports: [CatalogueService],
})
export class CatalogueModule {}
