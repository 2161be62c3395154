import { join } from 'node:path';
import { redisCli } from '../support/redis-cli.js';
import { freePort, RedisServer } from '../support/redis-server.js';
import { clusterServing, sharedCluster, sharedSentinel } from '../support/shared-topologies.js';
import { makeCertificate, type TestCertificate } from '../support/tls.js';
import type { StandIns } from './stand-ins.js';

const SOCKET = 'redis.sock';

/** Real servers for those that the pages name. */
export class DocumentedServers {
  /** The ports of the masters of the Cluster. */
  readonly cluster = sharedCluster().rootNodes.map(({ url = '' }) => Number(new URL(url).port));
  /** Their ports. */
  readonly sentinels = sharedSentinel().sentinelRootNodes.map(({ port }) => port);

  private constructor(
    readonly redis: RedisServer,
    private readonly tlsPort: number,
    private readonly certificate: TestCertificate,
  ) {}

  /** Starts a Redis that is reached by TCP, TLS and a socket. Cluster and Sentinels are those of the whole run. */
  static async start(): Promise<DocumentedServers> {
    const certificate = makeCertificate();
    const [port, tlsPort] = [await freePort(), await freePort()];
    const config = { ...certificate.redisConfig(tlsPort), port: String(port), unixsocket: SOCKET };
    return new DocumentedServers(await RedisServer.start({ port, config }), tlsPort, certificate);
  }

  get standIns(): StandIns {
    const at = (port: number | undefined): string => `127.0.0.1:${port ?? 0}`;
    return {
      'localhost:6379': at(this.redis.port),
      'redis.internal:6380': at(this.tlsPort),
      'ca.pem': this.certificate.certFile,
      '/run/redis/redis.sock': join(this.redis.folder, SOCKET),
      '10.0.0.1:6379': at(this.cluster[0]),
      '10.0.0.2:6379': at(this.cluster[1]),
      '10.0.0.1:26379': at(this.sentinels[0]),
      '10.0.0.2:26379': at(this.sentinels[1]),
      '10.0.0.3:26379': at(this.sentinels[2]),
    };
  }

  /** The port of the master that the Sentinels name. */
  get master(): number {
    const address = redisCli(this.sentinels[0]!, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
    return Number(address.split('\n')[1]);
  }

  get #servers(): readonly number[] {
    return [this.redis.port, this.master, ...this.cluster];
  }

  /**
   * Carries out blocks of commands of the pages: those that name subcommands of SENTINEL on every Sentinel, the others
   * on every other server. Waits until the cluster serves.
   */
  async prepare(blocks: readonly string[]): Promise<void> {
    for (const block of blocks)
      for (const port of block.includes('sentinel|') ? this.sentinels : this.#servers)
        for (const command of block.trim().split('\n')) redisCli(port, '-e', ...command.split(' '));
    await clusterServing();
  }

  async stop(): Promise<void> {
    for (const port of [...this.#servers, ...this.sentinels]) redisCli(port, 'ACL', 'DELUSER', 'shop');
    await this.redis.stop();
    this.certificate.remove();
  }
}
