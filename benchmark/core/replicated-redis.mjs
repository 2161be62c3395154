import { Admin } from './admin.mjs';
import { until } from './until.mjs';

/** Several servers, where a replica takes over when its master is lost. */
export class ReplicatedRedis {
  admin = new Admin();
  #servers = [];

  static async start() {
    const redis = new this();
    try {
      await redis.open();
      return redis;
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  /** Takes charge of servers that have started. */
  async keep(...servers) {
    this.#servers.push(...servers);
    await this.admin.connect(servers);
  }

  /** When the replica had become the master. */
  promoted({ replica }) {
    return until('the replica is promoted', async () => (await this.admin.roleOf(replica)) === 'master');
  }

  async stop() {
    this.admin.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
