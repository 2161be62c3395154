import { CodexRedisError } from '../../errors/codex-redis.error.js';

type ErrorHandler = (error: unknown, request: object, reply: object) => unknown;

export interface FastifyRoutes {
  /** The handler that was set last. */
  readonly errorHandler: ErrorHandler;
  readonly addHook: (name: 'onRoute', hook: (route: { errorHandler?: ErrorHandler }) => void) => void;
}

/**
 * Has the exception filters of the application answer the errors of this module on every route. Fastify gives a route
 * its error handler when the route is added, but under Nest's a plugin may have begun the start before: with Mercurius,
 * Fastify itself answers for Nest's routes, and Mercurius for its own. Both would send the message that is for the log.
 */
export const answerFailuresByFilters = (instance: FastifyRoutes): void => {
  instance.addHook('onRoute', (route) => {
    route.errorHandler ??= (error, request, reply) => {
      // goes on to the handler that the route would have had
      if (!(error instanceof CodexRedisError)) throw error;
      return instance.errorHandler(error, request, reply);
    };
  });
};
