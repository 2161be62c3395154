import type { RedisSource } from '../../lib/config/settings.js';
import { RedisAdmin, until } from './redis-admin.js';
import { RedisCluster } from './redis-cluster.js';
import { addressMap, proxiesBefore, RedisProxy } from './redis-proxy.js';
import { RedisSentinelSet } from './redis-sentinel.js';
import { RedisServer } from './redis-server.js';

/** No silence leads to a failover, however busy the machine is. */
const NEVER_MS = 60_000;
/** Longer than a failover takes. */
const HELD_MS = 30_000;

/** Servers of a test's own with replicas, which a store reaches through proxies only. */
export interface MovingTopology {
  readonly source: RedisSource;
  /** Another server takes over, and the address leads to it. Nothing that was acknowledged is lost by the servers. */
  move(): Promise<void>;
  /** Loses the connections that there are without telling anybody. */
  forget(): void;
  stop(): Promise<void>;
}

/** A server and its replica behind one address. */
export class MovingServer implements MovingTopology {
  readonly #admin = new RedisAdmin();

  private constructor(
    private servers: readonly [primary: RedisServer, replica: RedisServer],
    private readonly endpoint: RedisProxy,
  ) {}

  static async start(): Promise<MovingServer> {
    const config = { 'repl-diskless-sync-delay': '0' };
    const primary = await RedisServer.start({ config });
    const replicaof = `127.0.0.1 ${primary.port}`;
    const replica = await RedisServer.start({ config: { ...config, replicaof } });
    return new MovingServer([primary, replica], await RedisProxy.start(primary.url));
  }

  get source(): RedisSource {
    return { kind: 'url', url: this.endpoint.url };
  }

  async move(): Promise<void> {
    const [primary, replica] = this.servers;
    await until('the replica follows', async () =>
      (await this.#admin.command<string>(replica.port, 'INFO', 'replication')).includes(
        'master_link_status:up',
      ),
    );
    // writes are held until the replica has all of them
    await this.#admin.command(primary.port, 'FAILOVER', 'TO', '127.0.0.1', String(replica.port));
    await until(
      'the replica has taken over',
      async () => (await this.#admin.command<[string]>(replica.port, 'ROLE'))[0] === 'master',
    );
    this.servers = [replica, primary];
    this.endpoint.moveTo(replica.url);
  }

  forget(): void {
    this.endpoint.forget();
  }

  async stop(): Promise<void> {
    this.#admin.close();
    await this.endpoint.stop();
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** Three masters with a replica each; the root node is a name that leads to one of them. */
export class MovingCluster implements MovingTopology {
  #moves = 0;

  private constructor(
    private readonly servers: RedisCluster,
    private readonly proxies: readonly RedisProxy[],
    private readonly endpoint: RedisProxy,
  ) {}

  static async start(): Promise<MovingCluster> {
    const servers = await RedisCluster.start({ replicas: 1, nodeTimeoutMs: NEVER_MS });
    const endpoint = await RedisProxy.start(servers.nodes[0]!.url);
    return new MovingCluster(servers, await proxiesBefore(servers.nodes), endpoint);
  }

  get source(): RedisSource {
    const nodeAddressMap = addressMap(this.servers.nodes, this.proxies);
    return { kind: 'cluster', options: { rootNodes: [{ url: this.endpoint.url }], nodeAddressMap } };
  }

  async move(): Promise<void> {
    await this.servers.replicated();
    const shards = await this.servers.shards();
    const { master, replica } = shards[this.#moves++ % shards.length]!;
    await this.servers.propagated(master);
    await this.servers.failover(replica!);
    this.endpoint.moveTo(replica!.url);
  }

  forget(): void {
    for (const proxy of [...this.proxies, this.endpoint]) proxy.forget();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.proxies, this.endpoint].map((proxy) => proxy.stop()));
    await this.servers.stop();
  }
}

/** A master with a replica, and three Sentinels. */
export class MovingSentinels implements MovingTopology {
  private constructor(
    private readonly servers: RedisSentinelSet,
    private readonly proxies: readonly RedisProxy[],
  ) {}

  static async start(): Promise<MovingSentinels> {
    const servers = await RedisSentinelSet.start({ downAfterMs: NEVER_MS });
    return new MovingSentinels(servers, await proxiesBefore([...servers.servers, ...servers.sentinels]));
  }

  get source(): RedisSource {
    const nodeAddressMap = addressMap(this.#all, this.proxies);
    const sentinelRootNodes = this.servers.sentinels.map(({ port }) => nodeAddressMap[`127.0.0.1:${port}`]!);
    return { kind: 'sentinel', options: { name: this.servers.name, sentinelRootNodes, nodeAddressMap } };
  }

  get #all(): readonly RedisServer[] {
    return [...this.servers.servers, ...this.servers.sentinels];
  }

  /** Sentinels let the old master take writes for a while, which are lost: it is kept from that. */
  async move(): Promise<void> {
    const { servers } = this;
    await servers.replicated();
    const before = await servers.master();
    await servers.command(before, 'CLIENT', 'PAUSE', String(HELD_MS), 'WRITE');
    await servers.propagated(before);
    const after = await servers.failover();
    await servers.command(before, 'REPLICAOF', '127.0.0.1', String(after.port));
    await servers.command(before, 'CLIENT', 'UNPAUSE');
  }

  forget(): void {
    for (const proxy of this.proxies) proxy.forget();
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.servers.stop();
  }
}
