import { Global, Module } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { CacheService, CodexRedisModule, type CodexRedisOptions } from '../../lib/index.js';

/** How the process of the test comes to have a connection that nobody closes. */
export type Way = 'a start that fails elsewhere' | 'a module that is loaded lazily' | 'a forgotten close()';

const options = JSON.parse(process.env['OPTIONS']!) as CodexRedisOptions;
const way = process.env['WAY'] as Way;

const redis = () => CodexRedisModule.forRoot({ ...options, isGlobal: true });

class Failing {
  onApplicationBootstrap(): never {
    throw new Error('The application cannot start');
  }
}

/** The answer comes after a while, in which nothing else keeps the process alive. */
const use = async (cache: CacheService): Promise<void> => {
  process.stdout.write(`used: ${String(await cache.get('k', 'nothing'))}\n`);
};

const begin: Record<Way, () => Promise<void>> = {
  'a start that fails elsewhere': async () => {
    @Global()
    @Module({ imports: [redis()], providers: [Failing] })
    class App {}
    await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false }).catch(() =>
      process.stdout.write('used: nothing\n'),
    );
  },
  'a module that is loaded lazily': async () => {
    @Module({})
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    const lazy = await app.get(LazyModuleLoader).load(() => CodexRedisModule.forRoot(options));
    await use(lazy.get(CacheService, { strict: false }));
  },
  'a forgotten close()': async () => {
    @Module({ imports: [redis()] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    process.stdout.write('ready\n');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    process.stdin.destroy();
    await use(app.get(CacheService));
  },
};

await begin[way]();
