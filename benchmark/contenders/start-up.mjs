/** What an application may bring beside Nest, each loaded only when it is asked for. */
const ADDITIONS = {
  nothing: () => ({}),
  'codex-redis': (url) => ours(url),
  'codex-redis, memory:': () => ours('memory:'),
  'node-redis': (url) => provider(import('./cache/raw.mjs'), url),
  'cache-manager': (url) => provider(import('./cache/cache-manager.mjs'), url),
  bentocache: (url) => provider(import('./cache/bentocache.mjs'), url),
};

const ours = async (url) => {
  const { CodexRedisModule } = await import('../../dist/index.js');
  const secretKey = 'x'.repeat(32);
  const options = { url, projectName: 'shop', secretKey, cache: { keyPrefix: 'shop' }, session: {} };
  return { imports: [CodexRedisModule.forRoot(options)] };
};

const provider = async (importing, url) => {
  const { open } = await importing;
  return { providers: [{ provide: 'CACHE', useFactory: () => open({ url }) }] };
};

/** Starts an application with an addition, and tells what that took. */
export const open = async ({ url, addition }) => {
  const started = performance.now();
  await import('reflect-metadata');
  const [{ Module }, { NestFactory }, { ExpressAdapter }] = await Promise.all([
    import('@nestjs/common'),
    import('@nestjs/core'),
    import('@nestjs/platform-express'),
  ]);
  class StartModule {}
  Module(await ADDITIONS[addition](url))(StartModule);
  const app = await NestFactory.create(StartModule, new ExpressAdapter(), { logger: false });
  await app.init();
  const ms = performance.now() - started;
  globalThis.gc();
  return { ms, heapBytes: process.memoryUsage().heapUsed };
};
