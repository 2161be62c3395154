import { checkCookie } from './cookie-checks.js';
import { isProduction } from './environment.js';
import { isCookieName } from './namespaces.js';
import { type Problem, settle } from './option.js';
import type { CodexRedisOptions } from './options.js';
import { isShortSecret, SHORT_SECRET_BYTES, SIGN_WITH_RANDOM_BYTES } from './secret-key.js';
import { sessionOnlyOptions, type SessionOptions } from './session-options.js';
import { checkOwnClientOptions, checkSource } from './source-checks.js';

/** Conflicts between session options, and what sessions need beyond them. */
export const checkSession = ({ session, projectName, secretKey }: CodexRedisOptions): Problem[] => {
  if (session === undefined) return [];
  const problems = [
    ...checkSource(session, 'session.'),
    ...checkOwnClientOptions(session, 'session.'),
    ...checkCookie(session.cookie ?? {}),
    ...checkTouchInterval(session),
    ...checkPerUser(session),
    ...checkAtRest(session),
  ];
  if (projectName === undefined)
    problems.push({
      path: 'projectName',
      message: 'is required for sessions; it is the first segment of their keys',
    });
  if (secretKey === undefined)
    problems.push({
      path: 'secretKey',
      message: 'is required for sessions; 32 random bytes or more sign them',
    });
  else if (isProduction() && isShortSecret(secretKey))
    problems.push({
      path: 'secretKey',
      message: `is shorter than ${SHORT_SECRET_BYTES} bytes, which NODE_ENV=production refuses; ${SIGN_WITH_RANDOM_BYTES}`,
    });
  if (session.cookie?.name === undefined && projectName !== undefined && !isCookieName(projectName))
    problems.push({
      path: 'session.cookie.name',
      message: 'is needed, since sessionid_{projectName} is not a valid cookie name',
    });
  return problems;
};

const checkPerUser = ({ perUser }: SessionOptions): Problem[] =>
  perUser !== undefined && perUser.limit === undefined
    ? [{ path: 'session.perUser.limit', message: 'is required: how many sessions a user may have' }]
    : [];

const checkTouchInterval = (session: SessionOptions): Problem[] => {
  const { touchInterval, idleTimeout } = settle(sessionOnlyOptions, session);
  if (touchInterval === undefined) return [];
  const path = 'session.touchInterval';
  if (idleTimeout === undefined)
    return [{ path, message: 'needs session.idleTimeout beside it, which a request extends' }];
  return touchInterval < idleTimeout
    ? []
    : [
        {
          path,
          message:
            'must be shorter than session.idleTimeout, or sessions in use would end before it has passed',
        },
      ];
};

const checkAtRest = ({ atRest, django }: SessionOptions): Problem[] => {
  if (atRest === undefined) return [];
  const path = 'session.atRest';
  if (atRest.hashKeys !== true && atRest.encryption === undefined)
    return [{ path, message: 'needs hashKeys: true, or encryption: [key], or both' }];
  return django === false
    ? []
    : [
        {
          path,
          message:
            'cannot be read by Django; if no Django application shares the sessions, set session.django to false',
        },
      ];
};
