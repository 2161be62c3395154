import type { RedisClientType, RedisSentinelOptions } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { asReply } from '../commands/replies.js';
import { clientTemplate, templateFor } from '../connection/client-template.js';
import { ConnectionReport } from '../connection/connection-report.js';
import { dial, type Dial } from '../connection/dial.js';
import { addressName, mappedAddress, type NodeAddress } from '../connection/node-address.js';
import { POLICY } from '../connection/policy.js';
import { ReconnectingConnection } from '../connection/reconnecting-connection.js';
import { type Greeting, Subscriptions } from '../connection/subscriptions.js';
import { checkServer } from '../link/check-server.js';
import { LinkLifecycle } from '../link/link-lifecycle.js';
import type { RedisLink, RedisNode, ReplyParser } from '../link/redis-link.js';
import { replicaOrMaster } from '../link/replica-read.js';
import type { MessageListener, Subscription } from '../../subscription.js';
import { masterDial } from './sentinel-dial.js';
import { SentinelGroup } from './sentinel-group.js';
import { SentinelReplicas } from './sentinel-replicas.js';
import { sentinelAccessError, type SentinelPlaces, sentinelStartError } from './sentinel-start-error.js';

export interface SentinelLinkOptions {
  readonly sentinel: RedisSentinelOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

/** The way to the master that Redis Sentinels watch, over one connection that follows it. */
export class SentinelLink implements RedisLink {
  /** Private to the runtime too: it holds the password of Redis. */
  readonly #options: SentinelLinkOptions;
  readonly #template: RedisClientType;
  readonly #group: SentinelGroup;
  readonly #replicas: SentinelReplicas;
  readonly #life: LinkLifecycle;
  readonly #report: ConnectionReport;
  readonly #node: RedisNode = { send: (args) => this.send('', args, asReply) };
  readonly #subscriptions: Subscriptions;
  #master: ReconnectingConnection | undefined;
  /** The address of the master, and the one at which it was sought last, as the Sentinels announced them. */
  #address: NodeAddress | undefined;
  #sought: NodeAddress | undefined;
  /** The master that subscriptions were made at last. */
  #heard: NodeAddress | undefined;
  #scan: NodeJS.Timeout | undefined;

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(options: SentinelLinkOptions) {
    this.#options = options;
    const { sentinel, connectTimeoutMs, operationTimeoutMs, holdsSessions } = options;
    this.#template = clientTemplate({ ...sentinel.nodeClientOptions }, 'sentinel.nodeClientOptions');
    this.#report = new ConnectionReport(options, () => nameOf(this.#address) ?? sentinel.name);
    this.#group = new SentinelGroup({ ...options, onSwitch: () => void this.#follow() });
    this.#replicas = new SentinelReplicas({
      locate: () => this.#group.replicas(),
      connectionTo: (address) =>
        new ReconnectingConnection({
          dial: dial(this.#templateAt(address), connectTimeoutMs),
          operationTimeoutMs,
          sharesReads: holdsSessions,
          onChange: ignore,
        }),
    });
    this.#life = new LinkLifecycle({
      open: () => this.#open(),
      release: () => this.#release(),
      startError: (error) => this.#startError(error),
      ...options,
    });
    this.#subscriptions = new Subscriptions({
      dialWith: (greet) => this.#masterDial((address) => (this.#heard = address), greet),
      operationTimeoutMs,
      isCurrent: () => this.#address === undefined || nameOf(this.#heard) === nameOf(this.#address),
    });
  }

  connect(): Promise<void> {
    return this.#life.connect();
  }

  async close(): Promise<void> {
    await Promise.all([this.#life.close(), this.#subscriptions.close()]);
    this.#group.close();
  }

  send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#master !== undefined && this.#life.isOpen
      ? this.#master.send(args, parse)
      : this.#life.whenOpen(() => this.send(key, args, parse));
  }

  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const replica = this.#life.isOpen && this.#readsReplicas ? this.#replicas.pick() : undefined;
    const askMaster = (): Promise<T> => this.send(key, args, parse);
    return replica === undefined ? askMaster() : replicaOrMaster(replica.send(args, parse), askMaster);
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#subscriptions.subscribe(channel, listener);
  }

  split(): null {
    return null;
  }

  masters(): Promise<readonly RedisNode[]> {
    return Promise.resolve([this.#node]);
  }

  get #readsReplicas(): boolean {
    return (this.#options.sentinel.replicaPoolSize ?? 0) > 0;
  }

  async #open(): Promise<void> {
    const { connectTimeoutMs, operationTimeoutMs, sentinel, holdsSessions } = this.#options;
    const master = new ReconnectingConnection({
      dial: this.#masterDial((address) => (this.#address = address)),
      operationTimeoutMs,
      sharesReads: holdsSessions,
      patienceMs: connectTimeoutMs,
      accessError: (error) => sentinelAccessError(error, this.#places),
      onChange: (connection) => {
        if (this.#life.isOpen) this.#report.update(connection);
      },
    });
    this.#master = master;
    await master.open();
    if (!master.isReady) throw master.failure;
    const server = { send: (args: readonly string[]) => master.send(args, asReply) };
    await checkServer(server, nameOf(this.#address) ?? sentinel.name, this.#options);
    if (this.#readsReplicas) await this.#replicas.refresh();
    if (master === this.#master) this.#beginToFollow();
  }

  #beginToFollow(): void {
    const { scanInterval = 0 } = this.#options.sentinel;
    // to node-redis 0 means not to ask at all, but one that is not asked cannot be followed
    const everyMs = scanInterval > 0 ? Math.min(scanInterval, POLICY.sentinelScanMs) : POLICY.sentinelScanMs;
    this.#scan = setInterval(() => void this.#follow(), everyMs);
    this.#scan.unref();
  }

  #masterDial(onOpen: (address: NodeAddress) => void, greet?: Greeting): Dial {
    return masterDial({
      locate: () => this.#group.master(),
      templateAt: (address) => {
        this.#sought = address;
        return this.#templateAt(address);
      },
      onOpen,
      greet,
      boundMs: this.#options.connectTimeoutMs,
    });
  }

  #templateAt(address: NodeAddress): RedisClientType {
    return templateFor(this.#template, mappedAddress(this.#options.sentinel.nodeAddressMap, address));
  }

  /** Goes where the Sentinels point: an old master may go on answering, and what it is told then is lost. */
  async #follow(): Promise<void> {
    try {
      const address = await this.#group.master();
      if (!this.#life.isOpen || this.#life.isClosing) return;
      if (addressName(address) !== nameOf(this.#address))
        this.#master?.renew(new Error('The Sentinels have made another server the master'));
      void this.#group.discover();
      if (this.#readsReplicas) await this.#replicas.refresh();
    } catch {
      // While no Sentinel answers, the master that is known stays the master.
    }
  }

  #startError(error: unknown): Error {
    return sentinelStartError(error, this.#places);
  }

  get #places(): SentinelPlaces {
    return {
      sentinels: this.#group.names,
      master: nameOf(this.#sought),
      name: this.#options.sentinel.name,
    };
  }

  async #release(): Promise<void> {
    clearInterval(this.#scan);
    const master = this.#master;
    // the master answers what a replica cannot
    await this.#replicas.close();
    await master?.close();
    if (this.#master === master) this.#master = undefined;
    this.#group.release();
  }
}

const nameOf = (address: NodeAddress | undefined): string | undefined => address && addressName(address);
