import cookie from '@fastify/cookie';
import session from '@fastify/session';
import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { nestSession, serve } from './application.mjs';

/** @fastify/session over connect-redis, as its documentation shows it. */
export const open = async ({ url }) => {
  const client = createClient({ url }).on('error', () => {});
  await client.connect();
  const options = {
    store: new RedisStore({ client }),
    secret: 'x'.repeat(32),
    saveUninitialized: false,
    cookie: { secure: false, maxAge: 86_400_000 },
  };
  return serve({
    platform: 'fastify',
    session: nestSession,
    configure: async (app) => {
      await app.register(cookie);
      await app.register(session, options);
    },
  });
};
