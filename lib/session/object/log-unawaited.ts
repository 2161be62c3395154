import { sessionLogger } from '../../common/loggers.js';
import { SessionStateError } from '../../errors/session.errors.js';
import type { SessionState } from './session-state.js';

/** Knows whether anybody has asked for its outcome. */
class ObservedPromise<T> extends Promise<T> {
  isObserved = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    this.isObserved = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Looks at a failure without observing it. */
  peek(onRejected: (reason: unknown) => void): void {
    super.then(undefined, onRejected);
  }
}

/**
 * A promise whose failure is logged when nobody awaits it, where Node would end the process: libraries call
 * `session.save()` or `response.redirect('/'); session.destroy()` and go on.
 *
 * @param state of the session it is about: what the commit of its request meets again is left to the commit
 */
export const logUnawaited = <T>(work: Promise<T>, state?: SessionState): Promise<T> => {
  const observed = new ObservedPromise<T>((resolve, reject) => {
    work.then(resolve, reject);
  });
  const isBeforeCommit = state?.use.request !== undefined && !state.use.isCommitted;
  observed.peek((error) => {
    const isMetAgain = isBeforeCommit && !(error instanceof SessionStateError);
    if (observed.isObserved || isMetAgain) return;
    const message = error instanceof Error ? error.message : String(error);
    const what = state?.use.isCommitted
      ? 'A request used its session after its response'
      : 'A call of a session failed, and nobody awaits it';
    sessionLogger.warn(`${what}: ${message}`);
  });
  return observed;
};
