import { Module } from '@nestjs/common';
import { CodexRedisModule } from 'nestjs-codex-redis';
import { BookDatabase } from './book-database.js';
import { CacheStatistics } from './cache-statistics.js';
import { CatalogueController } from './catalogue.controller.js';
import { bookCache, CatalogueService } from './catalogue.service.js';

@Module({
  imports: [CodexRedisModule.forFeature([bookCache])],
  controllers: [CatalogueController],
  providers: [BookDatabase, CacheStatistics, CatalogueService],
  exports: [CatalogueService],
})
export class CatalogueModule {}
