import { exchangeOf } from '../platform/platforms.js';

/**
 * Middleware that loads the session of a request, for those after it that look at entries before any guard has run,
 * such as Passport's: `consumer.apply(loadSession, passport.session()).forRoutes('*path')`. It costs a request without
 * the cookie nothing, and one with it the command that its guard spares then.
 */
export const loadSession = (request: object, _response: unknown, next: (error?: unknown) => void): void => {
  const exchange = exchangeOf(request);
  if (exchange !== undefined) exchange.access = 'granted';
  const loading = exchange?.load();
  if (loading === undefined) next();
  else loading.then(() => next(), next);
};
