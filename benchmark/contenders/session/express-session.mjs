import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { createClient } from 'redis';
import { nestSession, serve } from './application.mjs';

/** express-session over connect-redis, with the options that its documentation recommends. */
export const open = async ({ url }) => {
  const client = createClient({ url }).on('error', () => {});
  await client.connect();
  const store = new RedisStore({ client });
  const middleware = session({ store, secret: 'x'.repeat(32), resave: false, saveUninitialized: false });
  return serve({ platform: 'express', session: nestSession, configure: (app) => app.use(middleware) });
};
