import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { ErrorReply } from 'redis';
import { RedisServiceError, RedisTimeoutError } from '../../../errors/redis.errors.js';
import { within } from '../../../common/within.js';
import { POLICY } from '../connection/policy.js';
import type { ClusterMap } from './cluster-map.js';
import type { ClusterNode } from './cluster-node.js';
import { parseRedirection } from './cluster-topology.js';
import type { ReplyParser } from '../link/redis-link.js';

/** A command that has been sent to `node` once. */
export interface SentCommand<T> {
  readonly node: ClusterNode;
  readonly slot: number;
  readonly args: readonly string[];
  readonly parse: ReplyParser<T>;
  /** A time of performance.now(). */
  readonly sentAt: number;
}

const isRedirecting = ({ replyCode }: RedisServiceError): boolean =>
  replyCode === 'MOVED' || replyCode === 'ASK' || replyCode === 'TRYAGAIN';

/**
 * Follows the answers that a cluster gives in place of a reply while slots move. Such an answer says that the command
 * was not executed, so sending it again is safe; any other error is the caller's.
 */
export class Redirections {
  readonly #followed = new Set<Promise<unknown>>();

  constructor(
    private readonly map: ClusterMap,
    private readonly limits: { readonly most: number; readonly operationTimeoutMs: number },
  ) {}

  /** Follows the answer to a command until it is executed, at most until the operation timeout. */
  async follow<T>(command: SentCommand<T>, answer: unknown): Promise<T> {
    if (!(answer instanceof RedisServiceError)) throw answer;
    if (answer.replyCode === 'CLUSTERDOWN') this.map.doubt(command.node);
    if (!isRedirecting(answer)) throw answer;
    // after a blocked event loop the time is over, and yet nobody was late
    const deadline = Math.max(
      command.sentAt + this.limits.operationTimeoutMs,
      performance.now() + POLICY.leastRedirectionMs,
    );
    const late = (): Error => new RedisTimeoutError(this.limits.operationTimeoutMs);
    const end = within(deadline - performance.now(), () => this.#follow(command, answer, deadline), late);
    this.#followed.add(end);
    return end.finally(() => this.#followed.delete(end));
  }

  get isBusy(): boolean {
    return this.#followed.size > 0;
  }

  /** Resolves when those that were being followed are through. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#followed);
  }

  async #follow<T>(command: SentCommand<T>, first: RedisServiceError, deadline: number): Promise<T> {
    let { node } = command;
    let answer = first;
    for (let redirections = 0; redirections < this.limits.most && isRedirecting(answer);) {
      const wait = answer.replyCode === 'TRYAGAIN' ? POLICY.tryAgainMs : 0;
      if (performance.now() + wait >= deadline) break;
      if (wait > 0) await pause(wait);
      else redirections++;
      const next = this.#next(command, node, answer);
      node = next.node;
      try {
        return await next.send();
      } catch (error) {
        if (!(error instanceof RedisServiceError)) throw error;
        answer = error;
      }
    }
    throw answer;
  }

  /** The node to which a command goes after such an answer. */
  #next<T>(
    { slot, args, parse }: SentCommand<T>,
    from: ClusterNode,
    answer: RedisServiceError,
  ): { readonly node: ClusterNode; readonly send: () => Promise<T> } {
    const message = answer.cause instanceof ErrorReply ? answer.cause.message : '';
    const redirection = parseRedirection(message, from.address);
    if (redirection?.kind === 'ASK') {
      const node = this.map.nodeAt(redirection.address);
      return { node, send: () => node.ask(args, parse) };
    }
    const node =
      redirection === undefined
        ? (this.map.masterOf(slot) ?? from)
        : this.map.moved(slot, redirection.address);
    return { node, send: () => node.send(args, parse) };
  }
}
