import type { RedisClientType, RedisSentinelOptions } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { checkServer } from '../link/check-server.js';
import { closedError } from '../link/closed-error.js';
import { ConnectionReport } from '../connection/connection-report.js';
import { dial, type Dial } from '../connection/dial.js';
import { FirstConnect } from '../link/first-connect.js';
import { KeptConnection } from '../connection/kept-connection.js';
import { addressName, mappedAddress, type NodeAddress } from '../connection/node-address.js';
import type { RedisLink, RedisNode, ReplyParser } from '../link/redis-link.js';
import { replicaOrMaster } from '../link/replica-read.js';
import { asReply } from '../commands/replies.js';
import { masterDial } from './sentinel-dial.js';
import { SentinelGroup } from './sentinel-group.js';
import { SentinelReplicas } from './sentinel-replicas.js';
import { serverTemplate, templateFor } from '../connection/server-template.js';
import { sentinelStartError } from '../connection/topology-start-error.js';

export interface SentinelLinkOptions {
  readonly sentinel: RedisSentinelOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

/** The Sentinels tell of a new master by themselves; whether they still can is seen by asking. */
const LONGEST_SCAN_INTERVAL_MS = 1000;

/** The way to the master that Redis Sentinels watch, over one connection that follows it. */
export class SentinelLink implements RedisLink {
  readonly #template: RedisClientType;
  readonly #group: SentinelGroup;
  readonly #replicas: SentinelReplicas;
  readonly #firstConnect: FirstConnect;
  readonly #report = new ConnectionReport(() => nameOf(this.#address) ?? this.options.sentinel.name);
  readonly #node: RedisNode = { send: (args) => this.#dispatch(args, asReply) };
  #master: KeptConnection | undefined;
  /** Where the master is, and where it was sought last, as the Sentinels announced it. */
  #address: NodeAddress | undefined;
  #sought: NodeAddress | undefined;
  #state: 'new' | 'open' | 'closing' = 'new';
  #scan: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(private readonly options: SentinelLinkOptions) {
    const { sentinel, connectTimeoutMs, operationTimeoutMs } = options;
    const path = 'sentinel.nodeClientOptions';
    this.#template = serverTemplate({ ...sentinel.nodeClientOptions }, connectTimeoutMs, path);
    this.#group = new SentinelGroup({ ...options, onSwitch: () => void this.#follow() });
    this.#replicas = new SentinelReplicas({
      locate: () => this.#group.replicas(),
      connectionTo: (address) => {
        const start = (): Dial => dial(this.#templateAt(address), connectTimeoutMs);
        return new KeptConnection({ start, operationTimeoutMs, onChange: ignore });
      },
    });
    this.#firstConnect = new FirstConnect(() => this.#connect(), operationTimeoutMs);
  }

  connect(): Promise<void> {
    return this.#state === 'closing' ? Promise.reject(closedError()) : this.#firstConnect.connect();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  send<T>(_key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#dispatch(args, parse);
  }

  read<T>(_key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const replica = this.#state === 'open' && this.#readsReplicas ? this.#replicas.pick() : undefined;
    const askMaster = (): Promise<T> => this.#dispatch(args, parse);
    return replica === undefined ? askMaster() : replicaOrMaster(replica.send(args, parse), askMaster);
  }

  split(): null {
    return null;
  }

  masters(): Promise<readonly RedisNode[]> {
    return Promise.resolve([this.#node]);
  }

  get #readsReplicas(): boolean {
    return (this.options.sentinel.replicaPoolSize ?? 0) > 0;
  }

  #dispatch<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#state === 'open' && this.#master !== undefined
      ? this.#master.send(args, parse)
      : this.#dispatchLater(args, parse);
  }

  async #dispatchLater<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (this.#state === 'new') await this.#firstConnect.connectForCommand();
    if (this.#state === 'closing' || this.#master === undefined) throw closedError();
    return this.#master.send(args, parse);
  }

  async #connect(): Promise<void> {
    const { connectTimeoutMs, sentinel } = this.options;
    const master = new KeptConnection({
      start: () => this.#dialMaster(),
      operationTimeoutMs: this.options.operationTimeoutMs,
      patienceMs: connectTimeoutMs,
      onChange: (connection) => this.#report.update(connection),
    });
    this.#master = master;
    try {
      await master.open();
      if (!master.isReady) throw master.failure;
      const server = { send: (args: readonly string[]) => master.send(args, asReply) };
      await checkServer(server, nameOf(this.#address) ?? sentinel.name, this.options);
      if (this.#readsReplicas) await this.#replicas.refresh();
    } catch (error) {
      await master.close();
      this.#group.release();
      if (this.#state === 'closing') throw closedError();
      throw sentinelStartError(error, {
        sentinels: this.#group.names,
        master: nameOf(this.#sought),
        name: sentinel.name,
      });
    }
    if (this.#state === 'new') this.#begin();
  }

  #begin(): void {
    const { scanInterval = 0 } = this.options.sentinel;
    // to node-redis 0 means not to ask at all, but one that is not asked cannot be followed
    const everyMs =
      scanInterval > 0 ? Math.min(scanInterval, LONGEST_SCAN_INTERVAL_MS) : LONGEST_SCAN_INTERVAL_MS;
    this.#state = 'open';
    this.#scan = setInterval(() => void this.#follow(), everyMs);
  }

  #dialMaster(): Dial {
    return masterDial({
      locate: () => this.#group.master(),
      templateAt: (address) => {
        this.#sought = address;
        return this.#templateAt(address);
      },
      onOpen: (address) => (this.#address = address),
      boundMs: this.options.connectTimeoutMs,
    });
  }

  #templateAt(address: NodeAddress): RedisClientType {
    return templateFor(this.#template, mappedAddress(this.options.sentinel.nodeAddressMap, address));
  }

  /** Goes where the Sentinels point: an old master may go on answering, and what it is told then is lost. */
  async #follow(): Promise<void> {
    try {
      const address = await this.#group.master();
      if (this.#state !== 'open') return;
      if (addressName(address) !== nameOf(this.#address))
        this.#master?.renew(new Error('The Sentinels have made another server the master'));
      if (this.#readsReplicas) await this.#replicas.refresh();
    } catch {
      // While no Sentinel answers, the master that is known stays the master.
    }
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    clearInterval(this.#scan);
    await this.#master?.close();
    this.#group.close();
    await this.#firstConnect.settled();
    await this.#replicas.close();
  }
}

const nameOf = (address: NodeAddress | undefined): string | undefined => address && addressName(address);
