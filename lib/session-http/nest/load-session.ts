import { exchangeOf } from '../platform/platforms.js';

/**
 * Loads the session of a request for what looks at entries before any guard has run, where `session.load` is `'declared'`
 * or `session.mount` is `'manual'`; elsewhere every session is loaded by then and it does nothing. Middleware
 * (`app.use(loadSession)`, `consumer.apply(loadSession)`) and a Fastify hook (`addHook('onRequest', loadSession)`). While
 * Redis is down, the request goes on, and the first access to the session throws.
 */
export const loadSession = (request: object, _response: unknown, next: (error?: unknown) => void): void => {
  const exchange = exchangeOf(request);
  exchange?.access.grantEarly();
  const loading = exchange?.load();
  if (loading === undefined) next();
  else void loading.then(() => next());
};
