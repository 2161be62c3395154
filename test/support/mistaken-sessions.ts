import 'reflect-metadata';
import { Controller, Get, Module, Post, Query, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import { SkipSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { type Mistake, mistakes, type Phase } from './session-mistakes.js';

/*
 * Run by startApplication() with PLATFORM and LOAD. Makes the mistakes that a request's query names, in the phases it
 * names, and has no handler for uncaught errors.
 */

const platform = process.env['PLATFORM'];

type Carrier = IncomingMessage & { session: never; originalUrl?: string };
type Sent = ServerResponse & { raw?: ServerResponse };

const plannedFor = (url: string | undefined): Map<Phase, Mistake[]> => {
  const plan = new Map<Phase, Mistake[]>();
  const steps = new URL(url ?? '/', 'http://localhost').searchParams.get('plan') ?? '';
  for (const step of steps === '' ? [] : steps.split(',')) {
    const [phase, index] = step.split(':') as [Phase, string];
    plan.set(phase, [...(plan.get(phase) ?? []), mistakes[Number(index)]!]);
  }
  return plan;
};

/** As a library would: what a call throws is caught, a promise it returns is not awaited. */
const make = (all: readonly Mistake[] | undefined, request: object): void => {
  const sessions = app.get(SessionService, { strict: false });
  for (const { make: act } of all ?? [])
    try {
      act(request as never, sessions);
    } catch {
      // in the caller's own stack
    }
};

const early = (request: Carrier, response: ServerResponse, next: () => void): void => {
  const plan = plannedFor(request.originalUrl ?? request.url);
  response.on('finish', () => make(plan.get('finished'), request));
  response.on('close', () => make(plan.get('closed'), request));
  make(plan.get('before'), request);
  next();
};

@Controller()
class MistakesController {
  @Get('hello') hello(): string {
    return 'hello';
  }

  @Post('write') write(@Req() request: { session: Record<string, unknown> }): void {
    request.session['visits'] = 1;
  }

  @SkipSession() @Get('skipped') skipped(@Req() request: Carrier & { raw?: Carrier }): string {
    make(plannedFor(request.raw?.url ?? request.url).get('loaded'), request);
    return 'skipped';
  }

  @Get('act') async act(
    @Req() request: { session: { touched?: number }; url: string },
    @Res() response: Sent,
    @Query('hang') hang?: string,
  ): Promise<void> {
    const plan = plannedFor(request.url);
    const raw = response.raw ?? response;
    try {
      request.session.touched = 1;
    } catch {
      // not loaded
    }
    make(plan.get('loaded'), request);
    // the client is going away
    if (hang !== undefined) return;
    raw.write('act');
    make(plan.get('committing'), request);
    await new Promise((resolve) => setTimeout(resolve, 5));
    make(plan.get('sent'), request);
    raw.end('ed');
  }
}

@Module({
  imports: [
    CodexRedisModule.forRoot({
      url: 'memory:',
      projectName: 'mistakes',
      secretKey: 'x'.repeat(50),
      session: { load: process.env['LOAD'] as 'always' | 'declared', cookie: { name: 'sessionid' } },
    }),
  ],
  controllers: [MistakesController],
})
class AppModule {}

const app = await (platform === 'fastify'
  ? NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
  : NestFactory.create(AppModule, { logger: false }));
app.use(early);
await app.listen(0, '127.0.0.1');
process.on('disconnect', () => {
  void app.close();
});
process.send?.((app.getHttpServer() as { address(): AddressInfo }).address().port);
