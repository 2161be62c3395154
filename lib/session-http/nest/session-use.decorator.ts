import { SetMetadata } from '@nestjs/common';
import type { Controller, Handler } from '../../common/handlers.js';

const SESSION_USE = 'codex-redis:session-use';

type SessionUse = 'skip' | 'use';

/**
 * The handler, or every handler of the controller, does not save the session: no header is written, and with
 * `session.load: 'declared'` no command is sent. `@UseSession()` on a handler overrides it.
 */
export const SkipSession = (): MethodDecorator & ClassDecorator =>
  SetMetadata(SESSION_USE, 'skip' satisfies SessionUse);

/**
 * The handler, or every handler of the controller, uses the session. With `session.load: 'declared'` it is needed where
 * no parameter shows this, for example for a guard that reads `request.session`.
 */
export const UseSession = (): MethodDecorator & ClassDecorator =>
  SetMetadata(SESSION_USE, 'use' satisfies SessionUse);

/** The session settings of a handler. They override those of its controller. */
export const sessionUseOf = (controller: Controller, handler: Handler): SessionUse | undefined =>
  (Reflect.getMetadata(SESSION_USE, handler) ?? Reflect.getMetadata(SESSION_USE, controller)) as
    SessionUse | undefined;

/** On the factory of `@Session()`, by which a handler's parameters are told apart. */
const SESSION_PARAMETER = Symbol('codex-redis:session-parameter');

/** Marks the factory of a parameter decorator as one that gives the session. */
export const asSessionParameter = <T extends object>(factory: T): T =>
  Object.assign(factory, { [SESSION_PARAMETER]: true });

export const isSessionParameter = (factory: unknown): boolean =>
  typeof factory === 'function' && SESSION_PARAMETER in factory;
