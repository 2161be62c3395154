import { performance } from 'node:perf_hooks';
import { type AdminOptions, RedisAdmin, until } from './redis-admin.js';
import { freePort, RedisServer } from './redis-server.js';

const SLOTS = 16_384;
/** More than an orderly failover has; one that the other masters do not vote for ends unheard. */
const ATTEMPT_MS = 8000;
/**
 * The timeout of the nodes for a further attempt: a replica stands again only after four of them, and a master votes again
 * only after two.
 */
const RETRY_NODE_TIMEOUT_MS = 1500;
const NODE_TIMEOUT_MS = 1000;

export interface RedisClusterOptions {
  /** @default 3 */
  readonly masters?: number;
  /**
   * For each master.
   * @default 0
   */
  readonly replicas?: number;
  /**
   * Milliseconds after which the others take a silent node for failed.
   * @default 1000
   */
  readonly nodeTimeoutMs?: number;
  /**
   * Whether to wait until it takes commands, which masters do two seconds after their start.
   * @default true
   */
  readonly serving?: boolean;
  /** Further settings of every node. */
  readonly config?: Readonly<Record<string, string>>;
  /** The settings of a node that depend on its port, such as those of TLS. */
  readonly configOf?: (port: number) => Readonly<Record<string, string>>;
  /** How the test itself speaks to the nodes. */
  readonly admin?: AdminOptions;
}

/** A master, and the replica that copies it where there is one. */
export interface RedisShard {
  readonly master: RedisServer;
  readonly replica: RedisServer | undefined;
}

/** A Redis Cluster of a test's own on loopback ports. */
export class RedisCluster {
  private constructor(
    readonly masters: readonly RedisServer[],
    readonly replicas: readonly RedisServer[],
    readonly admin: RedisAdmin,
    private readonly nodeTimeoutMs: number,
  ) {}

  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const masters = options.masters ?? 3;
    const count = masters * (1 + (options.replicas ?? 0));
    const servers = await allOrNone(Array.from({ length: count }, () => startNode(options)));
    const cluster = new RedisCluster(
      servers.slice(0, masters),
      servers.slice(masters),
      new RedisAdmin(options.admin),
      options.nodeTimeoutMs ?? NODE_TIMEOUT_MS,
    );
    try {
      await cluster.#create();
      if (options.serving !== false) await cluster.#settled();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get nodes(): readonly RedisServer[] {
    return [...this.masters, ...this.replicas];
  }

  /** As node-redis takes them. */
  get rootNodes(): { url: string }[] {
    return this.masters.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }));
  }

  command<Reply = unknown>(server: RedisServer, ...args: string[]): Promise<Reply> {
    return this.admin.command<Reply>(server.port, ...args);
  }

  /** Waits until every one of these nodes takes commands for all slots. */
  async serving(nodes: readonly RedisServer[] = this.nodes): Promise<void> {
    await until('every node of the cluster serves', async () => {
      const states = await Promise.all(nodes.map((node) => this.command<string>(node, 'CLUSTER', 'INFO')));
      return states.every((state) => state.includes('cluster_state:ok'));
    });
  }

  /** Waits until every master has a replica that follows it, and the others know. */
  async replicated(): Promise<void> {
    await until('every replica follows its master', async () => {
      const states = await Promise.all(
        this.nodes.map((node) => this.command<string>(node, 'INFO', 'replication')),
      );
      const following = states.filter((state) => state.includes('master_link_status:up')).length;
      const views = await Promise.all(this.nodes.map((node) => this.shards(node)));
      const paired = views.flat().every(({ replica }) => replica !== undefined);
      return following === this.replicas.length && paired;
    });
  }

  /** Waits until a replica has everything its master has acknowledged so far. */
  propagated(master: RedisServer): Promise<void> {
    return this.admin.propagated(master.port);
  }

  async slotOf(key: string): Promise<number> {
    return this.command<number>(this.#anyone(), 'CLUSTER', 'KEYSLOT', key);
  }

  /** The node that holds a slot, as `witness` sees it. */
  async ownerOf(slot: number, witness: RedisServer = this.#anyone()): Promise<RedisServer> {
    type Range = [from: number, to: number, master: [host: string, port: number]];
    const ranges = await this.command<Range[]>(witness, 'CLUSTER', 'SLOTS');
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    return this.nodes.find(({ port }) => port === range?.[2][1])!;
  }

  /** Who is master and who is replica now, as `witness` sees it. */
  async shards(witness: RedisServer = this.#anyone()): Promise<RedisShard[]> {
    type Node = [host: string, port: number];
    type Range = [from: number, to: number, ...nodes: Node[]];
    const ranges = await this.command<Range[]>(witness, 'CLUSTER', 'SLOTS');
    const shards = new Map<number, RedisShard>();
    for (const [, , ...nodes] of ranges) {
      const [master, replica] = nodes.map((node) => this.nodes.find(({ port }) => port === node[1])!);
      shards.set(master!.port, { master: master!, replica });
    }
    return [...shards.values()];
  }

  /** A key beginning with `prefix` that lives on a node. */
  async keyOn(server: RedisServer, prefix: string): Promise<string> {
    for (let n = 0; ; n++) {
      const key = `${prefix}:${n}`;
      if ((await this.ownerOf(await this.slotOf(key))) === server) return key;
    }
  }

  /** Waits until a replica has become the master. */
  async promoted(replica: RedisServer): Promise<void> {
    await until('the replica is master', () => this.#isMaster(replica));
  }

  /** Makes a replica the master, as an operator does (`FORCE` and `TAKEOVER` when the master is down). */
  async failover(replica: RedisServer, ...how: ('FORCE' | 'TAKEOVER')[]): Promise<void> {
    let begunAt = -Infinity;
    // while a node is down it could not be told
    const isOrderly = how.length === 0;
    const attempts = { count: 0 };
    const attempt = async (): Promise<boolean> => {
      // also where it has been elected by then, so that the command would be refused
      if (await this.#isMaster(replica)) return true;
      if (performance.now() - begunAt < ATTEMPT_MS) return false;
      if (attempts.count++ > 0 && isOrderly) await this.#setNodeTimeout(RETRY_NODE_TIMEOUT_MS);
      begunAt = performance.now();
      await this.command(replica, 'CLUSTER', 'FAILOVER', ...how);
      return false;
    };
    await until('the replica is master', attempt, 6 * ATTEMPT_MS);
    if (attempts.count > 1 && isOrderly) await this.#setNodeTimeout(this.nodeTimeoutMs);
  }

  async #setNodeTimeout(ms: number): Promise<void> {
    await Promise.all(
      this.nodes.map((node) => this.command(node, 'CONFIG', 'SET', 'cluster-node-timeout', String(ms))),
    );
  }

  /** Begins to move a slot: from now on its owner answers ASK for keys it no longer has. */
  async beginMigration(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    await this.command(to, 'CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', await this.#id(from));
    await this.command(from, 'CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', await this.#id(to));
  }

  /** Moves the keys of a slot that is being migrated. */
  async moveKeys(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    for (;;) {
      const keys = await this.command<string[]>(from, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '100');
      if (keys.length === 0) return;
      const target = ['127.0.0.1', String(to.port), '', '0', '5000'];
      await this.command(from, 'MIGRATE', ...target, 'KEYS', ...keys);
    }
  }

  /** Ends the migration of a slot: from now on the old owner answers MOVED. */
  async endMigration(slot: number, to: RedisServer): Promise<void> {
    const id = await this.#id(to);
    const roles = await Promise.all(this.nodes.map((node) => this.command<[string]>(node, 'ROLE')));
    const others = this.nodes.filter((node, index) => node !== to && roles[index]![0] === 'master');
    const masters = [to, ...others];
    // a message that the old owner sent before may reach the new one later, which then gives the slot back to nobody
    await until('the masters agree on the owner of the slot', async () => {
      for (const node of masters) await this.command(node, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', id);
      const owners = await Promise.all(masters.map((node) => this.ownerOf(slot, node)));
      return owners.every((owner) => owner === to);
    });
  }

  /** Moves a slot with its keys from one node to another. */
  async migrate(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    await this.beginMigration(slot, from, to);
    await this.moveKeys(slot, from, to);
    await this.endMigration(slot, to);
  }

  async stop(): Promise<void> {
    this.admin.close();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #anyone(): RedisServer {
    return this.masters[0]!;
  }

  async #isMaster(server: RedisServer): Promise<boolean> {
    return (await this.command<[string]>(server, 'ROLE'))[0] === 'master';
  }

  async #id(server: RedisServer): Promise<string> {
    return this.command<string>(server, 'CLUSTER', 'MYID');
  }

  async #create(): Promise<void> {
    const { nodes, masters } = this;
    const share = SLOTS / masters.length;
    await Promise.all(
      nodes.map((node, index) => this.command(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))),
    );
    await Promise.all(
      masters.map((node, index) => {
        const from = String(Math.round(index * share));
        const to = String(Math.round((index + 1) * share) - 1);
        return this.command(node, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
      }),
    );
    const [first] = masters;
    for (const node of nodes.slice(1))
      await this.command(first!, 'CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busOf(node)));
  }

  async #settled(): Promise<void> {
    const { nodes, masters, replicas } = this;
    await until('every node knows the others', async () => {
      const states = await Promise.all(nodes.map((node) => this.command<string>(node, 'CLUSTER', 'NODES')));
      return states.every((state) => known(state) === nodes.length);
    });
    await Promise.all(
      replicas.map(async (replica, index) =>
        this.command(replica, 'CLUSTER', 'REPLICATE', await this.#id(masters[index % masters.length]!)),
      ),
    );
    await this.serving();
    if (replicas.length > 0) await this.replicated();
  }
}

/** Ends those that have started when another could not. */
const allOrNone = async (starting: readonly Promise<RedisServer>[]): Promise<RedisServer[]> => {
  const started = await Promise.allSettled(starting);
  const failure = started.find((outcome) => outcome.status === 'rejected');
  const servers = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (failure === undefined) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  throw failure.reason;
};

const busPorts = new WeakMap<RedisServer, number>();

/** The port nodes speak to each other on; by default it is out of range for high ports. */
const busOf = (server: RedisServer): number => busPorts.get(server)!;

const known = (nodes: string): number =>
  nodes.split('\n').filter((line) => line !== '' && !line.includes('handshake')).length;

const startNode = async (options: RedisClusterOptions): Promise<RedisServer> => {
  const [port, bus] = [await freePort(), await freePort()];
  const server = await RedisServer.start({
    port,
    config: {
      'cluster-enabled': 'yes',
      'cluster-port': String(bus),
      'cluster-node-timeout': String(options.nodeTimeoutMs ?? NODE_TIMEOUT_MS),
      'cluster-replica-validity-factor': '0',
      'repl-diskless-sync-delay': '0',
      ...options.config,
      ...options.configOf?.(port),
    },
  });
  busPorts.set(server, bus);
  return server;
};
