import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { SessionService } from './session.service.js';

/**
 * The stand-in for SessionService while sessions are off: any use throws an ImproperlyConfiguredError. Members that a
 * SessionService does not have, such as Nest's life-cycle hooks, are simply missing.
 */
export const sessionsAreOff = (): SessionService =>
  new Proxy(Object.create(SessionService.prototype) as SessionService, {
    get: (target, member) => {
      if (
        member === 'events' ||
        (member in target && member !== 'constructor' && !(member in Object.prototype))
      )
        throw new ImproperlyConfiguredError(
          'Sessions are off: give CodexRedisModule.forRoot() the options projectName, secretKey and session: {}, or set ' +
            'PROJECT_NAME and SECRET_KEY for codexRedisConfig',
        );
      return Reflect.get(target, member) as unknown;
    },
  });
