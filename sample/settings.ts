import { randomBytes } from 'node:crypto';

const fromEnvironment = (name: string): string | undefined => {
  const text = process.env[name];
  return text === '' ? undefined : text;
};

// the sample runs on a developer's machine, over plain HTTP
process.env['NODE_ENV'] ??= 'development';

/** Settings from the environment, with defaults for a first try. */
export const settings = {
  redisUrl: fromEnvironment('REDIS_URL') ?? 'memory:',
  /** Without SECRET_KEY, every start has a new secret, so earlier sessions end. */
  secretKey: fromEnvironment('SECRET_KEY') ?? randomBytes(32),
  host: fromEnvironment('HOST') ?? '127.0.0.1',
  port: Number(fromEnvironment('PORT') ?? 3000),
  platform: process.argv.includes('--fastify') ? 'Fastify' : 'Express',
} as const;

/** The store in words, without the password that a url may contain. */
export const storeInWords = (): string => {
  if (settings.redisUrl === 'memory:') return 'the embedded store (memory:)';
  const { protocol, host, pathname } = new URL(settings.redisUrl);
  return `Redis at ${protocol}//${host}${pathname}`;
};
