import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CodexRedisHealthModule } from 'nestjs-codex-redis/terminus';
import { HealthController } from './health.controller.js';

@Module({ imports: [TerminusModule, CodexRedisHealthModule], controllers: [HealthController] })
export class HealthModule {}
