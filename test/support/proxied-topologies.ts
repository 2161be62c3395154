import type { RedisSource } from '../../lib/config/settings.js';
import { RedisAdmin } from './redis-admin.js';
import { RedisCluster } from './redis-cluster.js';
import { addressMap, proxiesBefore, RedisProxy } from './redis-proxy.js';
import { RedisSentinelSet } from './redis-sentinel.js';
import { RedisServer } from './redis-server.js';

/** Longer than any test: that a server is silent leads to no failover. */
const NEVER_MS = 60_000;

const config = { 'enable-debug-command': 'yes' };

/** Servers of a test's own that a store reaches through proxies only. */
export interface ProxiedTopology {
  /** The servers that hold the data. */
  readonly masters: readonly RedisServer[];
  /** The proxy before each of them. */
  readonly proxies: readonly RedisProxy[];
  /** The proxies before all servers, also those that only tell the way. */
  readonly allProxies: readonly RedisProxy[];
  readonly source: RedisSource;
  /** Sends one command to a server, past its proxy. */
  command<Reply = unknown>(server: RedisServer, ...args: string[]): Promise<Reply>;
  /** A key beginning with `prefix` that lives on a master. */
  keyOn(master: RedisServer, prefix: string): Promise<string>;
  /** Further proxies before the same servers. To be stopped, too; the first to be stopped ends the servers. */
  beside(): Promise<ProxiedTopology>;
  stop(): Promise<void>;
}

/** One server. */
export class ProxiedServer implements ProxiedTopology {
  readonly #admin = new RedisAdmin();

  private constructor(
    private readonly server: RedisServer,
    private readonly proxy: RedisProxy,
  ) {}

  static async start(): Promise<ProxiedServer> {
    return ProxiedServer.#before(await RedisServer.start({ config }));
  }

  static async #before(server: RedisServer): Promise<ProxiedServer> {
    return new ProxiedServer(server, await RedisProxy.start(server.url));
  }

  get masters(): readonly RedisServer[] {
    return [this.server];
  }

  get proxies(): readonly RedisProxy[] {
    return [this.proxy];
  }

  get allProxies(): readonly RedisProxy[] {
    return this.proxies;
  }

  get source(): RedisSource {
    return { kind: 'url', url: this.proxy.url };
  }

  command<Reply = unknown>(server: RedisServer, ...args: string[]): Promise<Reply> {
    return this.#admin.command<Reply>(server.port, ...args);
  }

  keyOn(_master: RedisServer, prefix: string): Promise<string> {
    return Promise.resolve(`${prefix}:0`);
  }

  beside(): Promise<ProxiedServer> {
    return ProxiedServer.#before(this.server);
  }

  async stop(): Promise<void> {
    this.#admin.close();
    await this.proxy.stop();
    await this.server.stop();
  }
}

/** Three masters without replicas. */
export class ProxiedCluster implements ProxiedTopology {
  private constructor(
    readonly servers: RedisCluster,
    readonly proxies: readonly RedisProxy[],
  ) {}

  static async start(): Promise<ProxiedCluster> {
    return ProxiedCluster.#before(await RedisCluster.start({ config, nodeTimeoutMs: NEVER_MS }));
  }

  static async #before(servers: RedisCluster): Promise<ProxiedCluster> {
    return new ProxiedCluster(servers, await proxiesBefore(servers.masters));
  }

  get masters(): readonly RedisServer[] {
    return this.servers.masters;
  }

  get allProxies(): readonly RedisProxy[] {
    return this.proxies;
  }

  get source(): RedisSource {
    const { masters, proxies } = this;
    const rootNodes = proxies.map(({ url }) => ({ url }));
    return { kind: 'cluster', options: { rootNodes, nodeAddressMap: addressMap(masters, proxies) } };
  }

  command<Reply = unknown>(server: RedisServer, ...args: string[]): Promise<Reply> {
    return this.servers.command<Reply>(server, ...args);
  }

  keyOn(master: RedisServer, prefix: string): Promise<string> {
    return this.servers.keyOn(master, prefix);
  }

  beside(): Promise<ProxiedCluster> {
    return ProxiedCluster.#before(this.servers);
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.servers.stop();
  }
}

/** A master without replicas, and three Sentinels. */
export class ProxiedSentinels implements ProxiedTopology {
  private constructor(
    readonly servers: RedisSentinelSet,
    readonly proxies: readonly RedisProxy[],
    readonly sentinelProxies: readonly RedisProxy[],
  ) {}

  static async start(): Promise<ProxiedSentinels> {
    return ProxiedSentinels.#before(
      await RedisSentinelSet.start({ config, replicas: 0, downAfterMs: NEVER_MS }),
    );
  }

  static async #before(servers: RedisSentinelSet): Promise<ProxiedSentinels> {
    return new ProxiedSentinels(
      servers,
      await proxiesBefore(servers.servers),
      await proxiesBefore(servers.sentinels),
    );
  }

  get masters(): readonly RedisServer[] {
    return this.servers.servers;
  }

  get allProxies(): readonly RedisProxy[] {
    return [...this.proxies, ...this.sentinelProxies];
  }

  get source(): RedisSource {
    const { masters, proxies, sentinelProxies } = this;
    const sentinelRootNodes = sentinelProxies.map(({ port }) => ({ host: '127.0.0.1', port }));
    const nodeAddressMap = addressMap(masters, proxies);
    return {
      kind: 'sentinel',
      options: { name: this.servers.name, sentinelRootNodes, nodeAddressMap },
    };
  }

  command<Reply = unknown>(server: RedisServer, ...args: string[]): Promise<Reply> {
    return this.servers.command<Reply>(server, ...args);
  }

  keyOn(_master: RedisServer, prefix: string): Promise<string> {
    return Promise.resolve(`${prefix}:0`);
  }

  beside(): Promise<ProxiedSentinels> {
    return ProxiedSentinels.#before(this.servers);
  }

  async stop(): Promise<void> {
    await Promise.all(this.allProxies.map((proxy) => proxy.stop()));
    await this.servers.stop();
  }
}
