import type { SessionState } from '../session/object/session-state.js';
import type { Task } from './end-of-request.js';
import { type Plan, SIGN } from './gate/response-owner.js';

const SERVER_ERROR = 500;
const BAD_REQUEST = 400;

/** The commit of a session at the end of its request: once, before anything of the response leaves. */
export class Commitment {
  readonly #log: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #failure: { readonly error: Error } | undefined;

  constructor(log: (error: unknown) => void) {
    this.#log = log;
  }

  /** The error of the save. */
  get failure(): Error | undefined {
    return this.#failure?.error;
  }

  /** The remaining work for a response of this status; `undefined` if nothing has begun, or all is done. */
  plan(statusCode: number): Plan | undefined {
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      // an exception filter tells the client; a success would be one that lost its session
      return statusCode < BAD_REQUEST ? { kind: 'wait', work: () => Promise.reject(error) } : SIGN;
    }
    const running = this.#running;
    return running && { kind: 'wait', work: () => running };
  }

  /** @throws what the task fails with, unless the client is told of an error already */
  carryOut(task: Task, state: SessionState, statusCode: number): Promise<void> {
    this.#running = state.keeper[task](state).then(
      () => {
        this.#running = undefined;
      },
      (error: unknown) => {
        this.#running = undefined;
        this.#failure = { error: error as Error };
        // an exception filter may still use the session; what it changes is saved only if it saves it itself
        state.use.reopen();
        if (statusCode < SERVER_ERROR) throw error;
        this.#log(error);
      },
    );
    return this.#running;
  }
}
