import { performance } from 'node:perf_hooks';
import type { RedisClusterOptions } from 'redis';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
  RedisUnavailableError,
} from '../../../errors/redis.errors.js';
import { ignore } from '../../../common/ignore.js';
import { within } from '../../../common/within.js';
import { checkServer } from '../link/check-server.js';
import type { MessageListener, Subscription } from '../../subscription.js';
import { Subscriptions } from '../connection/subscriptions.js';
import { ClusterMap } from './cluster-map.js';
import type { ClusterNode } from './cluster-node.js';
import { MessageNode } from './message-node.js';
import { hashSlot } from '../../hash-slot.js';
import { Redirections } from './cluster-redirections.js';
import { clusterStartError } from './cluster-start-error.js';
import { LinkLifecycle } from '../link/link-lifecycle.js';
import type { RedisLink, RedisNode, ReplyParser } from '../link/redis-link.js';
import { replicaOrMaster } from '../link/replica-read.js';
import { asReply } from '../commands/replies.js';

export interface ClusterLinkOptions {
  readonly cluster: RedisClusterOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

const MOST_REDIRECTIONS = 16;

/** The way to a Redis Cluster: each command to the node that holds its slot. */
export class ClusterLink implements RedisLink {
  /** Private to the runtime too: it holds the password of Redis. */
  readonly #options: ClusterLinkOptions;
  readonly #map: ClusterMap;
  readonly #redirections: Redirections;
  readonly #life: LinkLifecycle;
  readonly #subscriptions: Subscriptions;

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(options: ClusterLinkOptions) {
    this.#options = options;
    this.#map = new ClusterMap(options);
    this.#redirections = new Redirections(this.#map, {
      most: options.cluster.maxCommandRedirections ?? MOST_REDIRECTIONS,
      operationTimeoutMs: options.operationTimeoutMs,
    });
    this.#life = new LinkLifecycle({
      open: (signal) => this.#open(signal),
      release: () => this.#release(),
      startError: (error) => clusterStartError(error, this.#map.names),
      ...options,
    });
    const messages = new MessageNode(this.#map);
    this.#subscriptions = new Subscriptions({
      dialWith: (greet) => async (signal) => {
        await this.#life.connect();
        return messages.dial(greet)(signal);
      },
      operationTimeoutMs: options.operationTimeoutMs,
      isCurrent: () => messages.isCurrent,
    });
  }

  connect(): Promise<void> {
    return this.#life.connect();
  }

  async close(): Promise<void> {
    await Promise.all([this.#life.close(), this.#subscriptions.close()]);
  }

  send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (!this.#life.isOpen) return this.#life.whenOpen(() => this.send(key, args, parse));
    const slot = hashSlot(key);
    return this.#dispatch(this.#map.masterOf(slot), slot, args, parse);
  }

  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (this.#options.cluster.useReplicas !== true) return this.send(key, args, parse);
    if (!this.#life.isOpen) return this.#life.whenOpen(() => this.read(key, args, parse));
    const slot = hashSlot(key);
    const master = this.#map.masterOf(slot);
    const reader = this.#readerOf(slot, master);
    const answer = this.#dispatch(reader, slot, args, parse);
    return reader === master
      ? answer
      : replicaOrMaster(answer, () => this.#dispatch(master, slot, args, parse));
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#subscriptions.subscribe(channel, listener);
  }

  split(keys: readonly string[]): readonly (readonly number[])[] | null {
    const groups = new Map<number, number[]>();
    keys.forEach((key, position) => {
      const slot = hashSlot(key);
      const group = groups.get(slot);
      if (group === undefined) groups.set(slot, [position]);
      else group.push(position);
    });
    return groups.size === 1 ? null : [...groups.values()];
  }

  async masters(): Promise<readonly RedisNode[]> {
    if (!this.#life.isOpen) return this.#life.whenOpen(() => this.masters());
    if (!this.#map.isAway) await this.#update();
    return [...this.#map.masters].map((node) => ({ send: (args) => node.send(args, asReply) }));
  }

  /** A master that joined since the last time would be missed; one that is down fails what is sent to it. */
  async #update(): Promise<void> {
    const { operationTimeoutMs } = this.#options;
    const refreshed = this.#map.refresh().catch(ignore);
    await within(
      operationTimeoutMs,
      () => refreshed,
      () => new RedisTimeoutError(operationTimeoutMs),
    );
  }

  #dispatch<T>(
    node: ClusterNode | undefined,
    slot: number,
    args: readonly string[],
    parse: ReplyParser<T>,
  ): Promise<T> {
    if (node === undefined) return Promise.reject(new RedisConnectionError());
    const sentAt = performance.now();
    return node
      .send(args, parse)
      .catch((answer: unknown) => this.#redirections.follow({ node, slot, args, parse, sentAt }, answer));
  }

  #readerOf(slot: number, master: ClusterNode | undefined): ClusterNode | undefined {
    const replicas = this.#map.replicasOf(slot);
    const choices = [master, ...replicas].filter((node) => node?.isReady === true);
    return choices[Math.floor(Math.random() * choices.length)] ?? master;
  }

  /**
   * A master that is down or loading need not keep an application from starting: the others serve their slots. One that
   * turns its user away does, since that does not pass by itself.
   */
  async #open(signal: AbortSignal): Promise<void> {
    await this.#map.refresh();
    const masters = [...this.#map.masters];
    const wanted = this.#options.cluster.minimizeConnections === true ? masters.slice(0, 1) : masters;
    await Promise.all(wanted.map((master) => master.open()));
    const turnedAway = wanted.find(({ failure }) => failure instanceof ImproperlyConfiguredError);
    if (turnedAway !== undefined) throw turnedAway.failure;
    const ready = wanted.filter((master) => master.isReady);
    if (ready.length === 0) throw new AggregateError(wanted.map(({ failure }) => failure));
    await Promise.all([
      Promise.any(ready.map(serves)),
      ...ready.map((node) =>
        checkServer({ send: (args) => node.send(args, asReply) }, node.name, this.#options),
      ),
    ]);
    if (!signal.aborted) this.#map.tellLog();
  }

  async #release(): Promise<void> {
    if (!this.#life.isClosing) return this.#map.reset();
    while (this.#map.isBusy || this.#redirections.isBusy) {
      await this.#map.idle();
      await this.#redirections.idle();
    }
    return this.#map.close();
  }
}

/** Rejects where the node cannot serve now. A user whose ACL forbids the question is accepted. */
const serves = async (node: ClusterNode): Promise<void> => {
  try {
    await node.send(['PING'], asReply);
  } catch (error) {
    if (error instanceof RedisUnavailableError || !(error instanceof RedisServiceError)) throw error;
  }
};
