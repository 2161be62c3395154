import { type AdminOptions, RedisAdmin, until } from './redis-admin.js';
import { RedisServer } from './redis-server.js';

export interface RedisSentinelSetOptions {
  /** @default 1 */
  readonly replicas?: number;
  /**
   * Milliseconds after which a Sentinel takes a silent master for down while a promotion is awaited.
   * @default 500
   */
  readonly downAfterMs?: number;
  /** Further settings of the master and its replicas. */
  readonly config?: Readonly<Record<string, string>>;
  /** Further settings of the Sentinels. */
  readonly sentinelConfig?: Readonly<Record<string, string>>;
  /** Further lines of the Sentinels about the master, such as `auth-pass mymaster secret`. */
  readonly monitorConfig?: readonly string[];
  /** How the test itself speaks to the master and its replicas. */
  readonly admin?: AdminOptions;
  /** How the test itself speaks to the Sentinels. */
  readonly sentinelAdmin?: AdminOptions;
}

/** What the Sentinels call the master. */
const NAME = 'mymaster';

/** So long a busy machine may keep a master from answering without a failover that no test asked for. */
const PATIENCE_MS = 30_000;

/** A master, its replicas and three Sentinels of a test's own on loopback ports. */
export class RedisSentinelSet {
  readonly name = NAME;

  private constructor(
    readonly servers: readonly RedisServer[],
    readonly sentinels: readonly RedisServer[],
    private readonly admin: RedisAdmin,
    private readonly sentinelAdmin: RedisAdmin,
    private readonly downAfterMs: number,
  ) {}

  static async start(options: RedisSentinelSetOptions = {}): Promise<RedisSentinelSet> {
    const admin = new RedisAdmin(options.admin);
    const config = { 'repl-diskless-sync-delay': '0', ...options.config };
    const master = await RedisServer.start({ config });
    const replicas = await Promise.all(
      Array.from({ length: options.replicas ?? 1 }, () =>
        RedisServer.start({ config: { ...config, replicaof: `127.0.0.1 ${master.port}` } }),
      ),
    );
    await Promise.all(replicas.map((replica) => following(admin, replica)));
    const sentinels = await Promise.all(Array.from({ length: 3 }, () => startSentinel(master.port, options)));
    const sentinelAdmin = new RedisAdmin(options.sentinelAdmin);
    const set = new RedisSentinelSet(
      [master, ...replicas],
      sentinels,
      admin,
      sentinelAdmin,
      options.downAfterMs ?? 500,
    );
    await set.#watching();
    return set;
  }

  /** As node-redis takes them. */
  get sentinelRootNodes(): { host: string; port: number }[] {
    return this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  command<Reply = unknown>(server: RedisServer, ...args: string[]): Promise<Reply> {
    const admin = this.sentinels.includes(server) ? this.sentinelAdmin : this.admin;
    return admin.command<Reply>(server.port, ...args);
  }

  /** The master as a Sentinel sees it. */
  async master(sentinel: RedisServer = this.sentinels[0]!): Promise<RedisServer> {
    const reply = await this.command<[string, string]>(
      sentinel,
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      this.name,
    );
    return this.servers.find(({ port }) => port === Number(reply[1]))!;
  }

  /** Has the Sentinels promote a replica, and waits until all of them agree. */
  async failover(): Promise<RedisServer> {
    const before = await this.master();
    const promoted = this.promoted(before);
    promoted.catch(() => undefined);
    await until('the Sentinels have failed over', async () => {
      const { port, flags } = await this.#view(this.sentinels[0]!);
      if (Number(port) !== before.port) return true;
      // an attempt may come to nothing on a busy machine; a second one after the first would undo it
      if (!flags!.includes('failover_in_progress'))
        await this.command(this.sentinels[0]!, 'SENTINEL', 'FAILOVER', this.name);
      return false;
    });
    return promoted;
  }

  /** Has the Sentinels fail a silent master over, until they have promoted another or a test has brought all back. */
  watchClosely(): Promise<void> {
    return this.#takeForDownAfter(this.downAfterMs);
  }

  /** Waits until every Sentinel names another master than `before`, which is down or given up. */
  async promoted(before: RedisServer): Promise<RedisServer> {
    await this.watchClosely();
    await until('the Sentinels agree on a new master', async () => {
      const masters = await Promise.all(this.sentinels.map((sentinel) => this.master(sentinel)));
      return masters.every((master) => master !== before && master === masters[0]);
    });
    await this.#watchPatiently();
    return this.master();
  }

  /** Waits until a replica has everything the master has acknowledged so far. */
  propagated(master: RedisServer): Promise<void> {
    return this.admin.propagated(master.port);
  }

  /** Waits until every Sentinel sees one master, and every replica follows it. */
  async replicated(): Promise<void> {
    await until('the replicas follow the master', async () => {
      const masters = await Promise.all(this.sentinels.map((sentinel) => this.master(sentinel)));
      const views = await Promise.all(this.sentinels.map((sentinel) => this.#view(sentinel)));
      const isSettled =
        masters.every((master) => master === masters[0]) && views.every(({ flags }) => flags === 'master');
      // in a failover the one that is a master without the name may be the next
      if (!isSettled) return false;
      const replicas = this.servers.filter((server) => server !== masters[0]);
      await this.#promote(masters[0]!);
      await Promise.all(replicas.map((server) => this.#demote(server, masters[0]!)));
      const states = await Promise.all(
        replicas.map((server) => this.command<string>(server, 'INFO', 'replication')),
      );
      return states.every((state) => state.includes('master_link_status:up'));
    });
    await this.#watchPatiently();
  }

  /**
   * A further Sentinel, which hears nothing of the others and so goes on naming the master of now. The caller stops it
   * before a server is started again: such a one knows nothing of its deafness, and it would fail the others' master over.
   */
  async leaveBehind(): Promise<RedisServer> {
    const master = await this.master();
    for (const server of this.servers)
      await this.command(server, 'ACL', 'SETUSER', 'deaf', 'on', '>deaf', 'resetchannels', '+ping', '+info');
    const monitorConfig = [`auth-user ${NAME} deaf`, `auth-pass ${NAME} deaf`];
    return startSentinel(master.port, { monitorConfig });
  }

  async stop(): Promise<void> {
    this.admin.close();
    this.sentinelAdmin.close();
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()));
  }

  /** Waits until each Sentinel knows the others and the replicas: before that they cannot fail over. */
  async #watching(): Promise<void> {
    const replicas = String(this.servers.length - 1);
    await this.#every(
      'INFO-PERIOD',
      '200',
      'PUBLISH-PERIOD',
      '100',
      // Of a master that is down they ask the replicas once a second, and take one for fit whose answer is no older than five of
      // these: with a shorter period no attempt at a failover might meet such a moment.
      'PING-PERIOD',
      '300',
      'ASK-PERIOD',
      '100',
    );
    await until('the Sentinels know each other', async () => {
      const views = await Promise.all(this.sentinels.map((sentinel) => this.#view(sentinel)));
      return views.every((view) => view['num-other-sentinels'] === '2' && view['num-slaves'] === replicas);
    });
    // A Sentinel that misses a few of these takes a promoted replica for a stray and demotes it.
    await this.#every('PUBLISH-PERIOD', '1000');
    // One that was frozen for a while distrusts its clock, and fails nothing over for half a minute.
    await this.#every('TILT-TRIGGER', '600000');
    await this.#watchPatiently();
  }

  /** What the Sentinels do with a master of old as well, four of their periods after they have met it. */
  async #demote(server: RedisServer, master: RedisServer): Promise<void> {
    const [role] = await this.command<[string]>(server, 'ROLE');
    if (role === 'master') await this.command(server, 'REPLICAOF', '127.0.0.1', String(master.port));
  }

  /** One that was demoted in the middle of its own promotion would stay a replica of its replica. */
  async #promote(master: RedisServer): Promise<void> {
    const [role] = await this.command<[string]>(master, 'ROLE');
    if (role !== 'master') await this.command(master, 'REPLICAOF', 'NO', 'ONE');
  }

  /** What a Sentinel knows of the master. */
  #view(sentinel: RedisServer): Promise<Record<string, string>> {
    return this.command<Record<string, string>>(sentinel, 'SENTINEL', 'MASTER', this.name);
  }

  #watchPatiently(): Promise<void> {
    return this.#takeForDownAfter(Math.max(PATIENCE_MS, this.downAfterMs));
  }

  async #takeForDownAfter(ms: number): Promise<void> {
    for (const sentinel of this.sentinels)
      await this.command(sentinel, 'SENTINEL', 'SET', this.name, 'down-after-milliseconds', String(ms));
  }

  /** Sets the periods of the Sentinels, which are made for production, in milliseconds. */
  async #every(...periods: string[]): Promise<void> {
    for (const sentinel of this.sentinels) await this.command(sentinel, 'SENTINEL', 'DEBUG', ...periods);
  }
}

const following = (admin: RedisAdmin, replica: RedisServer): Promise<void> =>
  until('the replica follows', async () =>
    (await admin.command<string>(replica.port, 'INFO', 'replication')).includes('master_link_status:up'),
  );

const startSentinel = (masterPort: number, options: RedisSentinelSetOptions): Promise<RedisServer> => {
  const about = [
    `down-after-milliseconds ${NAME} ${options.downAfterMs ?? 500}`,
    `failover-timeout ${NAME} 1000`,
    ...(options.monitorConfig ?? []),
  ];
  return RedisServer.start({
    args: ['--sentinel'],
    config: { ...options.sentinelConfig },
    configFile: [`monitor ${NAME} 127.0.0.1 ${masterPort} 2`, ...about]
      .map((line) => `sentinel ${line}\n`)
      .join(''),
  });
};
