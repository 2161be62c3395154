import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import type { RedisClientType } from 'redis';
import {
  CacheService,
  codexRedisConfig,
  CodexRedisModule,
  type CodexRedisOptions,
  SessionService,
} from '../../lib/index.js';
import type { PlatformName } from '../support/http-app.js';
import type { Environment } from './documented.js';
import { PLAIN_REDIS, VisitsController } from './visits.controller.js';

export interface NestOptions {
  readonly platform?: PlatformName;
  readonly redis: RedisClientType;
  readonly environment: Environment;
  /** Sets what no variable of the environment does. */
  readonly adjust?: (options: CodexRedisOptions) => CodexRedisOptions;
}

/** A Nest application with the module, which takes its settings from the environment. */
export class NestServer {
  readonly port: number;
  readonly cache: CacheService;
  readonly sessions: SessionService;

  private constructor(private readonly app: INestApplication) {
    this.port = (app.getHttpServer() as { address(): AddressInfo }).address().port;
    this.cache = app.get(CacheService, { strict: false });
    this.sessions = app.get(SessionService, { strict: false });
  }

  static async start({ platform = 'express', environment, ...options }: NestOptions): Promise<NestServer> {
    const moduleRef = await within(environment, () => compile(options));
    const app = moduleRef.createNestApplication(
      platform === 'express' ? new ExpressAdapter() : new FastifyAdapter(),
    );
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    return new NestServer(app);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

const compile = async ({
  redis,
  adjust = (options) => options,
}: Pick<NestOptions, 'redis' | 'adjust'>): Promise<TestingModule> => {
  const { useFactory, ...provider } = codexRedisConfig.asProvider();
  return await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot({ ignoreEnvFile: true }),
      CodexRedisModule.forRootAsync({
        ...provider,
        isGlobal: true,
        useFactory: (options: CodexRedisOptions) => adjust(useFactory(options)),
      }),
    ],
    controllers: [VisitsController],
    providers: [{ provide: PLAIN_REDIS, useValue: redis }],
  }).compile();
};

/** Does something while the process has these variables. */
const within = async <T>(environment: Environment, work: () => Promise<T>): Promise<T> => {
  const before = process.env;
  process.env = { ...before, ...environment };
  try {
    return await work();
  } finally {
    process.env = before;
  }
};
