import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';

/*
 * Run in a process of its own: Jest cannot load what `inject()` is made with. Prints the bodies of two requests and
 * the headers of the first.
 */

@Controller()
class VisitsController {
  @Get('visits') visits(@Session() session: Session<{ visits: number }>): string {
    session.visits = (session.visits ?? 0) + 1;
    return `visits: ${session.visits}`;
  }
}

@Module({
  imports: [
    CodexRedisModule.forRoot({
      url: 'memory:',
      projectName: 'inject',
      secretKey: 'x'.repeat(50),
      session: {},
    }),
  ],
  controllers: [VisitsController],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.init();
const first = await app.inject('/visits');
const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
const second = await app.inject({ url: '/visits', headers: { cookie } });
console.log(JSON.stringify({ bodies: [first.body, second.body], headers: first.headers }));
await app.close();
