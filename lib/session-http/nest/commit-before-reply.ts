import type { AbstractHttpAdapter } from '@nestjs/core';
import { exchangeOn } from '../held-exchange.js';
import type { MadeReply, MakeReply } from '../platform/made-reply.js';
import { holdBehind, replyingOn } from '../platform/platforms.js';
import type { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';

type Reply = [response: object, body?: unknown, statusCode?: number];

const BAD_REQUEST = 400;

/**
 * True for the arguments with which Nest replies for a handler: the third is given and `undefined`, and Nest awaits the
 * reply. Exception filters give a status, or set one before, or give two arguments: theirs is left to the gate.
 */
const isOfHandler = (args: Reply): boolean => args.length === 3 && args[2] === undefined;

/**
 * Saves the session before the adapter sends what a handler returned, so that a failure passes the exception filters as
 * any other error does, and after the platform has made the text of it: a body that is not JSON is an error of the handler
 * before anything is saved. With `session.mount: 'manual'` it does so where SessionInterceptor stands around the handler; on
 * every route an interceptor would cost more than the session does.
 */
export const commitBeforeReply = (adapter: AbstractHttpAdapter, http: SessionHttp): void => {
  const reply = adapter.reply.bind(adapter) as (...args: Reply) => unknown;
  const { makeReply, replyAtOnce } = replyingOn(adapter);
  const isAlways = http.settings.mount === 'global';
  adapter.reply = (...args: Reply): unknown => {
    const exchange = isOfHandler(args) ? exchangeOn(holdBehind(args[0]), http) : undefined;
    return exchange !== undefined &&
      (isAlways || exchange.access.hasReturned) &&
      plannedWork(exchange, args[1]) !== undefined
      ? replyCommitted(exchange, args[0], () => reply(...args), makeReply)
      : replyAtOnce(args[0], () => reply(...args));
  };
};

/**
 * The work before a body is sent; `undefined` where there is none, and where the request has failed or may still: that
 * is left to the gate, which commits when the response leaves.
 */
const plannedWork = (exchange: SessionExchange, body: unknown): (() => Promise<void>) | undefined => {
  const { statusCode } = exchange.response;
  const plan = exchange.planOfReply(statusCode);
  return plan.kind === 'wait' && statusCode < BAD_REQUEST && !isStream(body) ? plan.work : undefined;
};

const STREAMING = ['pipe', 'getStream', 'getReader'];

/** A body that may still fail into an error response, in which case nothing is to be saved. */
const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Response || STREAMING.some((name) => typeof Reflect.get(value, name) === 'function'));

const replyCommitted = (
  exchange: SessionExchange,
  response: object,
  reply: () => unknown,
  makeReply: MakeReply,
): PromiseLike<unknown> => {
  const committed = new CommittedReply(exchange);
  committed.replied(makeReply(response, reply, (made) => committed.take(made)));
  return committed;
};

/** A reply that is sent when its session is saved. */
class CommittedReply implements PromiseLike<unknown> {
  #made: MadeReply | undefined;
  #hasReturned = false;
  #result: unknown;
  #sent: Promise<unknown> | undefined;
  #fail: ((error: unknown) => void) | undefined;

  constructor(private readonly exchange: SessionExchange) {}

  /** The platform has made it. If that call of the platform fails yet, nothing was saved. */
  take(made: MadeReply): void {
    if (this.#hasReturned) this.#send(made);
    else this.#made = made;
  }

  /** @param result the platform's answer to the call; on Fastify it is settled when the response is finished */
  replied(result: unknown): void {
    this.#result = result;
    this.#hasReturned = true;
    if (this.#made !== undefined) this.#send(this.#made);
  }

  #send(made: MadeReply): void {
    const work = isText(made.body) ? plannedWork(this.exchange, made.body) : undefined;
    if (work === undefined) {
      this.#ifOpen(() => made.send());
      return;
    }
    this.#sent = work()
      .then(
        () => this.#ifOpen(() => made.send()),
        (error: unknown) => this.#ifOpen(() => this.#refuse(error, made)),
      )
      .catch((error: unknown) => this.#abort(error));
  }

  then<A, B>(
    onReplied?: ((value: unknown) => A | PromiseLike<A>) | null,
    onFailed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const replied = new Promise<unknown>((resolve, reject) => {
      this.#fail = reject;
      const succeed = (): void => {
        this.#fail = undefined;
        resolve(this.#result);
      };
      // when it is sent, Fastify need not watch the response for its end
      if (this.#sent === undefined) Promise.resolve(this.#result).then(succeed, reject);
      else void this.#sent.then(succeed);
    });
    return replied.then(onReplied, onFailed);
  }

  /** Somebody else may have answered in the meantime, such as a timeout: the gate sends that. */
  #ifOpen(goOn: () => unknown): unknown {
    return holdBehind(this.exchange.response)?.phase === 'open' ? goOn() : undefined;
  }

  /**
   * A failure goes to the code that awaits the reply. If nobody does, the response goes on to the gate, which tells the
   * client: a rejection that nobody awaits would end the process.
   */
  #refuse(error: unknown, made: MadeReply): unknown {
    if (this.#fail === undefined) return made.send();
    made.takeBack();
    this.#fail(error);
    return undefined;
  }

  /** The platform could not send what was made, such as a header that HTTP does not allow. */
  #abort(error: unknown): void {
    if (this.#fail !== undefined) {
      this.#fail(error);
      return;
    }
    this.exchange.logFailure(error);
    this.exchange.response.destroy(error as Error);
  }
}

/** On Fastify a hook may yet make text of anything else, or the request fails. */
const isText = (body: unknown): boolean =>
  body === undefined || body === null || typeof body === 'string' || ArrayBuffer.isView(body);
