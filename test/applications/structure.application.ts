import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Post,
  UploadedFile,
  UseGuards,
  UseInterceptors,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import fastifyMultipart from '@fastify/multipart';
import {
  MessagePattern,
  type MicroserviceOptions,
  ClientProxyFactory,
  Transport,
} from '@nestjs/microservices';
import { FileInterceptor } from '@nestjs/platform-express';
import { ServeStaticModule } from '@nestjs/serve-static';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { LoggerModule } from 'nestjs-pino';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { CacheService, Session } from 'nestjs-codex-redis';
import { CodexRedisThrottlerModule } from 'nestjs-codex-redis/throttler';
import { freePort } from '../support/redis-server.js';
import { codexRedis, PLATFORMS, startExpress, startFastify, startOn } from './support/application.js';
import type { Visitor } from './support/visitor.js';

type Own = Session<{ user: string; visits: number }>;

@Controller()
class VisitsController {
  @Post('login') login(@Session() session: Own): void {
    session.user = 'ada';
  }

  @Get('visits') visits(@Session() session: Own): number {
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  }
}

@Controller({ path: 'versioned', version: '2' })
class VersionedController {
  @Get('visits') visits(@Session() session: Own): number {
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  }
}

/** Counts by the session, which is there before any guard. */
@Injectable()
class ByVisitor extends ThrottlerGuard {
  protected override getTracker(request: { session: Own }): Promise<string> {
    return Promise.resolve(request.session.user ?? 'nobody');
  }
}

@UseGuards(ByVisitor)
@Controller()
class LimitedController {
  @Get('limited') limited(): string {
    return 'served';
  }
}

for (const platform of PLATFORMS)
  describe(`applications on ${platform}`, () => {
    it('SE25 a global prefix with exclusions and versions in the path', async () => {
      const { visitor: visit } = await startOn(platform, {
        controllers: [VisitsController, VersionedController],
        main: (app) => {
          app.setGlobalPrefix('api', { exclude: ['visits'] });
          app.enableVersioning({ type: VersioningType.URI });
        },
      });
      const visitor = visit();
      assert.equal((await visitor.get('/visits')).text, '1');
      assert.equal((await visitor.get('/api/v2/versioned/visits')).text, '2');
      assert.equal((await visitor.get('/visits')).text, '3');
    });

    it('SE25 @nestjs/throttler that counts by session', async () => {
      const { visitor: visit } = await startOn(platform, {
        imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 2 }]), CodexRedisThrottlerModule],
        controllers: [VisitsController, LimitedController],
      });
      const [ada, other] = [visit(), visit()];
      await ada.post('/login');
      await other.get('/visits');
      const ask = async (visitor: Visitor): Promise<number> => (await visitor.get('/limited')).status;
      assert.deepEqual([await ask(ada), await ask(ada), await ask(ada)], [200, 200, 429]);
      assert.equal(await ask(other), 200);
    });

    it('SE25 static files beside routes with a session', async () => {
      const rootPath = mkdtempSync(join(tmpdir(), 'static-'));
      after(() => rmSync(rootPath, { recursive: true }));
      writeFileSync(join(rootPath, 'shop.css'), 'body {}');
      const { visitor: visit } = await startOn(platform, {
        imports: [ServeStaticModule.forRoot({ rootPath, serveRoot: '/assets' })],
        controllers: [VisitsController],
      });
      const visitor = visit();
      assert.equal((await visitor.get('/visits')).text, '1');
      const file = await visitor.get('/assets/shop.css');
      assert.deepEqual([file.status, file.text, file.cookies], [200, 'body {}', []]);
      assert.equal((await visitor.get('/visits')).text, '2');
    });

    it('SE25 nestjs-pino names the user of each request', async () => {
      const lines: string[] = [];
      const { visitor: visit } = await startOn(platform, {
        imports: [
          LoggerModule.forRoot({
            pinoHttp: [
              {
                customSuccessMessage: (request: unknown) =>
                  String((request as { session?: Own }).session?.user ?? 'nobody'),
              },
              { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) },
            ],
          }),
        ],
        controllers: [VisitsController],
      });
      const visitor = visit();
      await visitor.post('/login');
      await visitor.get('/visits');
      await visit().get('/visits');
      assert.equal(lines.filter((line) => line === 'nobody').length, 1);
      assert.equal(lines.filter((line) => line === 'ada').length, 2);
    });

    it('SE25 SE28 two applications in one process, each with its own session', async () => {
      const [one, other] = await Promise.all([
        startOn(platform, { controllers: [VisitsController], options: { projectName: 'one' } }),
        startOn(platform, { controllers: [VisitsController], options: { projectName: 'other' } }),
      ]);
      const [a, b] = [one.visitor(), other.visitor()];
      assert.deepEqual([(await a.get('/visits')).text, (await a.get('/visits')).text], ['1', '2']);
      assert.equal((await b.get('/visits')).text, '1');
      // the key of one application says nothing to the other
      const foreign = await other.visitor().get('/visits', { headers: { cookie: a.cookieHeader } });
      assert.equal(foreign.text, '1');
    });

    it('SE25 a hybrid application, whose messages have no session and whose cache is the same', async () => {
      @Controller()
      class Messages {
        constructor(@Inject(CacheService) private readonly cache: CacheService) {}

        @MessagePattern('remember') async remember(value: string): Promise<string> {
          await this.cache.set('said', value);
          return 'done';
        }

        @Get('said') said(): Promise<unknown> {
          return this.cache.get('said');
        }
      }
      const options = { host: '127.0.0.1', port: await freePort() };
      const { visitor } = await startOn(platform, {
        controllers: [Messages, VisitsController],
        main: async (app) => {
          app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options });
          await app.startAllMicroservices();
        },
      });
      const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
      assert.equal(await firstValueFrom(client.send<string>('remember', 'hello')), 'done');
      await client.close();
      assert.equal((await visitor().get('/said')).text, 'hello');
      assert.equal((await visitor().get('/visits')).text, '1');
    });
  });

describe('an application mounted in another, on Express', () => {
  it('SE25 SE28 has its own session, cookie and store', async () => {
    @Module({
      imports: [await codexRedis({ session: { cookie: { name: 'inner' } } })],
      controllers: [VisitsController],
    })
    class Inner {}
    const inner = await NestFactory.create(Inner, { logger: false });
    await inner.init();
    const { visitor: visit } = await startExpress({
      controllers: [VisitsController],
      main: (app) => void app.use('/inner', inner.getHttpAdapter().getInstance()),
    });
    const visitor = visit();
    assert.equal((await visitor.get('/visits')).text, '1');
    assert.equal((await visitor.get('/inner/visits')).text, '1');
    assert.deepEqual(
      [(await visitor.get('/inner/visits')).text, (await visitor.get('/visits')).text],
      ['2', '2'],
    );
    assert.notEqual(visitor.cookie('sid'), visitor.cookie('inner'));
    await inner.close();
  });
});

describe('uploads', () => {
  const upload = (): FormData => {
    const form = new FormData();
    form.set('cover', new Blob(['a picture']), 'cover.png');
    return form;
  };

  it('SE25 multer on Express', async () => {
    @Controller()
    class Covers {
      @UseInterceptors(FileInterceptor('cover')) @Post('cover') take(
        @UploadedFile() file: { size: number },
        @Session() session: Own,
      ): object {
        session.visits = file.size;
        return { size: file.size };
      }

      @Get('size') size(@Session('visits') size: number): number {
        return size;
      }
    }
    const visitor = (await startExpress({ controllers: [Covers] })).visitor();
    assert.equal((await visitor.post('/cover', { body: upload() })).text, '{"size":9}');
    assert.equal((await visitor.get('/size')).text, '9');
  });

  it('SE25 @fastify/multipart on Fastify', async () => {
    @Controller()
    class Covers {
      @Post('cover') async take(@Session() session: Own): Promise<object> {
        session.visits = 9;
        return Promise.resolve({ taken: true });
      }

      @Get('size') size(@Session('visits') size: number): number {
        return size;
      }
    }
    const visitor = (
      await startFastify({
        controllers: [Covers],
        main: async (app) =>
          void (await app.register(fastifyMultipart as never, { attachFieldsToBody: true } as never)),
      })
    ).visitor();
    assert.equal((await visitor.post('/cover', { body: upload() })).text, '{"taken":true}');
    assert.equal((await visitor.get('/size')).text, '9');
  });
});
