import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { describeValue } from '../../common/describe-value.js';
import type { Controller, Handler } from '../../common/handlers.js';
import { type Duration, duration } from '../../config/kinds.js';
import { SessionStaleError } from '../../errors/session.errors.js';
import { sinceConfirmation } from '../../session/object/session-verbs.js';
import { sessionStateOf } from '../../session/object/state-of.js';
import { handlersOf } from './handlers-of.js';
import { sessionIn } from './session-in.js';
import { UseSession } from './session-use.decorator.js';

const FRESH_SESSION = 'codex-redis:fresh-session';

const maxAge = duration(1);

/** The most time since the sign-in that a handler allows, in milliseconds; `undefined` if it does not ask. */
export const freshnessOf = (controller: Controller, handler: Handler): number | undefined =>
  (Reflect.getMetadata(FRESH_SESSION, handler) ?? Reflect.getMetadata(FRESH_SESSION, controller)) as
    number | undefined;

@Injectable()
class FreshSessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): true {
    const allowed = freshnessOf(context.getClass(), context.getHandler()) ?? 0;
    if (sinceConfirmation(sessionStateOf(sessionIn(context))) > allowed) throw new SessionStaleError();
    return true;
  }
}

/**
 * Lets a request in only if its session signed in, or called `session.confirm()`, at most that long ago: for a change
 * of password or a payment. Others get 403 with the code `CODEX_REDIS_SESSION_STALE`. On a handler, it overrides its
 * controller's.
 *
 * @param age seconds, or a duration string such as `'10m'`
 * @throws TypeError for an invalid age.
 */
export const RequiresFreshSession = (age: Duration): MethodDecorator & ClassDecorator => {
  if (!maxAge.accepts(age))
    throw new TypeError(`@RequiresFreshSession() takes ${maxAge.expected}, not ${describeValue(age)}`);
  return applyDecorators(
    UseSession(),
    SetMetadata(FRESH_SESSION, maxAge.settle(age)),
    UseGuards(FreshSessionGuard),
  );
};

/** True if a handler of the application asks for a fresh session. */
export const asksForFreshSessions = (modules: ModulesContainer): boolean =>
  [...handlersOf(modules, ['controllers', 'providers'])].some(
    ({ owner, handler }) => freshnessOf(owner, handler) !== undefined,
  );
