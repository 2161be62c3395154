import { RedisServer } from './redis-server.mjs';
import { ReplicatedRedis } from './replicated-redis.mjs';
import { until } from './until.mjs';

const NAME = 'benchmark';

/**
 * Milliseconds of silence after which each Sentinel acts. The first is elected, since the others are not ready; it must
 * leave itself the second that it takes to connect to a new master.
 */
const DOWN_AFTER_MS = [1500, 2500, 3500];

/** A master, its replica and three Sentinels. */
export class RedisSentinels extends ReplicatedRedis {
  #servers = [];
  #sentinels = [];

  /** As the module takes them. */
  get source() {
    const sentinelRootNodes = this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    return { sentinel: { name: NAME, sentinelRootNodes } };
  }

  /** The master that a fault is to hit, its replica, and a key that lives there. */
  async victim() {
    const [first] = this.#sentinels;
    const address = await this.#announcedBy(first);
    const isMaster = ({ port }) => port === address;
    const [master, replica] = [this.#servers.find(isMaster), this.#servers.find((one) => !isMaster(one))];
    return { master, replica, key: 'failover' };
  }

  /** When the first Sentinel announced it: until then a client cannot know. */
  returned({ master }) {
    return Promise.any(
      this.#sentinels.map((sentinel) =>
        until('a Sentinel announces it', async () => (await this.#announcedBy(sentinel)) !== master.port),
      ),
    );
  }

  /** Makes the old master, which is there again, a replica of the new one. The Sentinels would take ten seconds. */
  async repair({ master, replica }) {
    await this.#allName(replica);
    await this.admin.send(master, 'REPLICAOF', '127.0.0.1', replica.port);
    await until('the old master follows', () => this.admin.isInStep(master));
    await this.#allName(replica);
  }

  async open() {
    const master = await this.#startServer();
    const replica = await this.#startServer({ replicaof: `127.0.0.1 ${master.port}` });
    await until('the replica follows', () => this.admin.isInStep(replica));
    for (const downAfterMs of DOWN_AFTER_MS) await this.#startSentinel(master, downAfterMs);
    await until('the Sentinels know each other', async () =>
      (await this.#views()).every(
        (view) => view['num-other-sentinels'] === '2' && view['num-slaves'] === '1',
      ),
    );
  }

  async #startServer(settings) {
    const server = await RedisServer.start({ 'repl-diskless-sync-delay': 0, ...settings });
    this.#servers.push(server);
    await this.keep(server);
    return server;
  }

  async #startSentinel(master, downAfterMs) {
    const sentinel = await RedisServer.startSentinel([
      `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} 1000`,
    ]);
    this.#sentinels.push(sentinel);
    await this.keep(sentinel);
  }

  #allName(master) {
    return until('all Sentinels are content with the master', async () => {
      const views = await this.#views();
      return views.every(({ port, flags }) => Number(port) === master.port && flags === 'master');
    });
  }

  /** The port of the master. */
  async #announcedBy(sentinel) {
    const [, port] = await this.admin.send(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    return Number(port);
  }

  /** What each of them knows about the master. */
  #views() {
    return Promise.all(
      this.#sentinels.map((sentinel) => this.admin.send(sentinel, 'SENTINEL', 'MASTER', NAME)),
    );
  }
}
