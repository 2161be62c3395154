import { Module } from '@nestjs/common';
import { CodexRedisModule } from 'nestjs-codex-redis';
import { BookDatabase } from './book-database.js';
import { CacheStatistics } from './cache-statistics.js';
import { CatalogueController } from './catalogue.controller.js';
import { CatalogueService } from './catalogue.service.js';

@Module({
  imports: [
    CodexRedisModule.registerCache({ name: 'counters', keyPrefix: 'bookshop-counters', timeout: null }),
  ],
  controllers: [CatalogueController],
  providers: [BookDatabase, CacheStatistics, CatalogueService],
  exports: [CatalogueService],
})
export class CatalogueModule {}
