import type { ServerResponse } from 'node:http';
import { sessionLogger } from '../../common/loggers.js';
import { stackOf } from '../../common/stack-of.js';
import { type FailureReply, replyWithFailure } from './failure-reply.js';
import type { Hold, Phase } from './gated-response.js';
import { GivenHeaders } from './given-headers.js';
import type { HeaderLines } from './header-lines.js';
import { mergeHeaders, refuseInvalidReason } from './node-response.js';
import type { ResponseBase } from './response-base.js';
import { lookAsSent } from './waiting-response.js';

interface Call {
  readonly method: 'write' | 'end' | 'flushHeaders';
  readonly args: unknown[];
}

/** A response of which nothing leaves until `settle` is through. */
export abstract class HeldResponse implements Hold {
  phase: Phase;
  /** Whether `end` was called while waiting. */
  ended = false;
  #calls: Call[] | undefined;
  #statusCode = 200;
  #headGiven = false;
  #toldToPause = false;

  protected constructor(
    readonly response: ServerResponse,
    public base: ResponseBase,
  ) {
    // whoever looks late finds a response that is under way, which takes no headers any more
    this.phase = response.headersSent ? 'passing' : 'open';
  }

  /** Whether there is anything to commit or to add; when not, the response goes as it is. */
  protected abstract concerns(): boolean;

  /** Whether `settle` may have anything to wait for. */
  protected abstract isUnsettled(statusCode: number): boolean;

  /** What must be through before a byte leaves, `undefined` when nothing is to be waited for. */
  protected abstract settle(statusCode: number): Promise<void> | undefined;

  /** Called when the response goes as it is. */
  protected abstract passed(): void;

  /** Adds the own headers to those of the response, after `settle`. */
  protected abstract addHeaders(headers: HeaderLines, statusCode: number): void;

  /** What the client is told when `settle` failed. */
  protected abstract failure(error: unknown): FailureReply;

  /** `writeHead` on an open response. */
  head(statusCode: number, reason: unknown, headers: unknown): void {
    const { response, base } = this;
    if (!this.concerns()) {
      this.phase = 'passing';
      this.passed();
      base.writeHead.call(response, statusCode, reason, headers);
      return;
    }
    const given = typeof reason === 'string' ? headers : (headers ?? reason);
    const all = this.isUnsettled(statusCode) ? undefined : GivenHeaders.of(response, given);
    if (all !== undefined) {
      this.#headAtOnce(statusCode, reason, all);
      return;
    }
    // merged now and not at the replay: given to writeHead they would override a Set-Cookie set before
    mergeHeaders(response, given);
    response.statusCode = statusCode;
    if (typeof reason === 'string') response.statusMessage = reason;
    if (this.#mustWait(statusCode)) this.#headGiven = true;
    else base.writeHead.call(response, statusCode);
  }

  #headAtOnce(statusCode: number, reason: unknown, all: GivenHeaders): void {
    this.phase = 'passing';
    this.addHeaders(all, statusCode);
    try {
      const message = typeof reason === 'string' ? reason : undefined;
      this.base.writeHead.call(this.response, statusCode, message, all.list);
    } catch (error) {
      // nothing was sent nor stored, so the next head gets the own headers again
      this.phase = 'open';
      throw error;
    }
  }

  /** `write` on a response that does not pass. */
  write(chunk: unknown, encoding: unknown, callback: unknown): boolean {
    if (this.phase === 'discarding') {
      report(callback ?? encoding);
      return true;
    }
    if (this.phase === 'open' && !this.#mustWait(this.response.statusCode))
      return this.base.write.call(this.response, chunk, encoding, callback);
    (this.#calls ??= []).push({ method: 'write', args: [chunk, encoding, callback] });
    this.#toldToPause = true;
    return false;
  }

  /** `end` on a response that does not pass. */
  end(chunk: unknown, encoding: unknown, callback: unknown): void {
    if (this.phase === 'discarding') {
      report(callback ?? encoding ?? chunk);
      return;
    }
    if (this.phase === 'open' && !this.#mustWait(this.response.statusCode)) {
      this.base.end.call(this.response, chunk, encoding, callback);
      return;
    }
    (this.#calls ??= []).push({ method: 'end', args: [chunk, encoding, callback] });
    this.ended = true;
  }

  /** `flushHeaders` on a response that does not pass. */
  flushHeaders(): void {
    if (this.phase === 'discarding') return;
    if (this.phase === 'open' && !this.#mustWait(this.response.statusCode))
      this.base.flushHeaders.call(this.response);
    else (this.#calls ??= []).push({ method: 'flushHeaders', args: [] });
  }

  #mustWait(statusCode: number): boolean {
    refuseInvalidReason(this.response);
    if (!this.concerns()) {
      this.phase = 'passing';
      this.passed();
      return false;
    }
    const pending = this.#settle(statusCode);
    if (pending === undefined) {
      this.phase = 'passing';
      this.addHeaders(this.response, statusCode);
      return false;
    }
    this.phase = 'waiting';
    this.#statusCode = statusCode;
    lookAsSent(this.response);
    pending.then(
      () => this.#release(),
      (error: unknown) => this.#refuse(error),
    );
    return true;
  }

  #settle(statusCode: number): Promise<void> | undefined {
    try {
      return this.settle(statusCode);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #release(): void {
    const { response, base } = this;
    this.phase = 'passing';
    response.statusCode = this.#statusCode;
    try {
      this.addHeaders(response, this.#statusCode);
      if (this.#headGiven) base.writeHead.call(response, this.#statusCode);
      this.#replay();
    } catch (error) {
      // whoever called is long gone, so the response can only be broken off
      sessionLogger.error('A response that waited for its session could not be sent', stackOf(error));
      response.destroy(error as Error);
    }
  }

  #replay(): void {
    let mayGoOn: unknown = true;
    for (const { method, args } of this.#calls ?? []) {
      const outcome: unknown = Reflect.apply(this.base[method], this.response, args);
      if (method === 'write') mayGoOn = outcome;
    }
    this.#calls = undefined;
    if (this.#toldToPause && mayGoOn === true && !this.ended) this.response.emit('drain');
  }

  #refuse(error: unknown): void {
    const callbacks = (this.#calls ?? []).map(({ args }) =>
      args.findLast((arg) => typeof arg === 'function'),
    );
    this.#calls = undefined;
    this.phase = 'passing';
    try {
      const failure = this.failure(error);
      replyWithFailure(this.response, this.base, failure, this.ended, (headers) =>
        this.addHeaders(headers, failure.statusCode),
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

const report = (callback: unknown): void => {
  if (typeof callback === 'function')
    process.nextTick(callback, new Error('The response was replaced by an error response'));
};
