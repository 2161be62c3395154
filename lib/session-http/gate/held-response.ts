import type { ServerResponse } from 'node:http';
import { sessionLogger } from '../../common/loggers.js';
import { stackOf } from '../../common/stack-of.js';
import { replyWithFailure } from './failure-reply.js';
import type { Hold, Phase } from './gated-response.js';
import { GivenHeaders } from './given-headers.js';
import { mergeHeaders, refuseInvalidReason } from './node-response.js';
import type { ResponseBase } from './response-base.js';
import type { ResponseOwner } from './response-owner.js';
import { SharedResponse } from './shared-response.js';
import { lookAsSent } from './waiting-response.js';

interface Call {
  readonly method: 'write' | 'end' | 'flushHeaders';
  readonly args: unknown[];
}

/** A response of which nothing leaves before its owner's plan is through. */
export class HeldResponse<Owner extends ResponseOwner = ResponseOwner> implements Hold {
  phase: Phase;
  ended = false;
  base: ResponseBase | undefined;
  #owner: Owner | SharedResponse<Owner> | undefined;
  #calls: Call[] | undefined;
  #statusCode = 200;
  #headGiven = false;
  #toldToPause = false;

  constructor(readonly response: ServerResponse) {
    // the head of this response has been sent already: it takes no more headers
    this.phase = response.headersSent ? 'passing' : 'open';
  }

  get owner(): Owner | SharedResponse<Owner> {
    if (this.#owner === undefined) throw new Error('A response is held for somebody');
    return this.#owner;
  }

  /** Holds the response for one more. */
  join(owner: Owner): void {
    const held = this.#owner;
    if (held === undefined) this.#owner = owner;
    else
      this.#owner = new SharedResponse([owner, ...(held instanceof SharedResponse ? held.owners : [held])]);
  }

  /** `writeHead` on an open response. */
  head(base: ResponseBase, statusCode: number, reason: unknown, headers: unknown): void {
    const { response } = this;
    const plan = this.owner.plan(statusCode);
    if (plan.kind === 'pass') {
      this.#pass();
      base.writeHead.call(response, statusCode, reason, headers);
      return;
    }
    const given = typeof reason === 'string' ? headers : (headers ?? reason);
    const all = plan.kind === 'sign' ? GivenHeaders.of(response, given) : undefined;
    if (all !== undefined) {
      this.#headAtOnce(base, statusCode, reason, all);
      return;
    }
    // merged now and not at the replay: given to writeHead they would override a Set-Cookie set before
    mergeHeaders(response, given);
    response.statusCode = statusCode;
    if (typeof reason === 'string') response.statusMessage = reason;
    if (this.#mustWait(base, statusCode, plan)) this.#headGiven = true;
    else base.writeHead.call(response, statusCode);
  }

  #headAtOnce(base: ResponseBase, statusCode: number, reason: unknown, all: GivenHeaders): void {
    this.phase = 'passing';
    this.owner.sign(all, statusCode);
    try {
      const message = typeof reason === 'string' ? reason : undefined;
      base.writeHead.call(this.response, statusCode, message, all.list);
    } catch (error) {
      // nothing was sent nor stored, so the next head gets the own headers again
      this.phase = 'open';
      throw error;
    }
  }

  /** `write` on a response that does not pass. */
  write(base: ResponseBase, chunk: unknown, encoding: unknown, callback: unknown): boolean {
    if (this.phase === 'discarding') {
      report(callback ?? encoding);
      return true;
    }
    if (this.phase === 'open' && !this.#mustWait(base, this.response.statusCode))
      return base.write.call(this.response, chunk, encoding, callback);
    (this.#calls ??= []).push({ method: 'write', args: [chunk, encoding, callback] });
    this.#toldToPause = true;
    return false;
  }

  /** `end` on a response that does not pass. */
  end(base: ResponseBase, chunk: unknown, encoding: unknown, callback: unknown): void {
    if (this.phase === 'discarding') {
      report(callback ?? encoding ?? chunk);
      return;
    }
    if (this.phase === 'open' && !this.#mustWait(base, this.response.statusCode)) {
      base.end.call(this.response, chunk, encoding, callback);
      return;
    }
    (this.#calls ??= []).push({ method: 'end', args: [chunk, encoding, callback] });
    this.ended = true;
  }

  /** `flushHeaders` on a response that does not pass. */
  flushHeaders(base: ResponseBase): void {
    if (this.phase === 'discarding') return;
    if (this.phase === 'open' && !this.#mustWait(base, this.response.statusCode))
      base.flushHeaders.call(this.response);
    else (this.#calls ??= []).push({ method: 'flushHeaders', args: [] });
  }

  #mustWait(base: ResponseBase, statusCode: number, plan = this.owner.plan(statusCode)): boolean {
    refuseInvalidReason(this.response);
    if (plan.kind === 'pass') {
      this.#pass();
      return false;
    }
    if (plan.kind === 'sign') {
      this.phase = 'passing';
      this.owner.sign(this.response, statusCode);
      return false;
    }
    this.phase = 'waiting';
    this.base = base;
    this.#statusCode = statusCode;
    lookAsSent(this.response);
    begin(plan.work).then(
      () => this.#release(base),
      (error: unknown) => this.#refuse(base, error),
    );
    return true;
  }

  #pass(): void {
    this.phase = 'passing';
    this.owner.pass();
  }

  #release(base: ResponseBase): void {
    const { response } = this;
    this.phase = 'passing';
    response.statusCode = this.#statusCode;
    try {
      this.owner.sign(response, this.#statusCode);
      if (this.#headGiven) base.writeHead.call(response, this.#statusCode);
      this.#replay(base);
    } catch (error) {
      // the caller has long returned, so the response can only be aborted
      sessionLogger.error('A response that waited for its session could not be sent', stackOf(error));
      response.destroy(error as Error);
    }
  }

  #replay(base: ResponseBase): void {
    let mayGoOn: unknown = true;
    for (const { method, args } of this.#calls ?? []) {
      const outcome: unknown = Reflect.apply(base[method], this.response, args);
      if (method === 'write') mayGoOn = outcome;
    }
    this.#calls = undefined;
    if (this.#toldToPause && mayGoOn === true && !this.ended) this.response.emit('drain');
  }

  #refuse(base: ResponseBase, error: unknown): void {
    const callbacks = (this.#calls ?? []).map(({ args }) =>
      args.findLast((arg) => typeof arg === 'function'),
    );
    this.#calls = undefined;
    this.phase = 'passing';
    try {
      const failure = this.owner.failure(error);
      replyWithFailure(this.response, base, failure, this.ended, (headers) =>
        this.owner.sign(headers, failure.statusCode),
      );
    } catch (cause) {
      sessionLogger.error('The error response for a session could not be sent', stackOf(cause));
      this.response.destroy(cause as Error);
    }
    this.phase = 'discarding';
    callbacks.forEach(report);
    // a paused source goes on, so that it ends and is released
    if (this.#toldToPause && !this.ended) this.response.emit('drain');
  }
}

/** Also where it throws at once: what has been called may not be called again. */
const begin = async (work: () => Promise<void>): Promise<void> => {
  await work();
};

const report = (callback: unknown): void => {
  if (typeof callback === 'function')
    process.nextTick(callback, new Error('The response was replaced by an error response'));
};
