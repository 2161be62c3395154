import { performance } from 'node:perf_hooks';
import type { RedisClientType, RedisSentinelOptions } from 'redis';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { firstAnswer } from './first-answer.js';
import { addressName, type NodeAddress } from './node-address.js';
import type { RedisReply } from './redis-link.js';
import { serverTemplate, templateFor } from './server-template.js';
import { SentinelServer } from './sentinel-server.js';

export interface SentinelGroupOptions {
  readonly sentinel: RedisSentinelOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Called when a Sentinel says that another server has become the master. */
  readonly onSwitch: () => void;
}

/** Raised when the Sentinels answer, but do not watch a master of this name. */
export class UnknownMasterError extends Error {
  constructor() {
    super('The Sentinels watch no master of this name');
  }
}

/** While the master is away every Sentinel's word is of no use: there is no need to go round them in a hurry. */
const BETWEEN_DOUBTS_MS = 300;

/** The Sentinels: any of them says where the master is. One connection is kept, to the last that answered. */
export class SentinelGroup {
  #servers: readonly SentinelServer[];
  #doubtedAt = -Infinity;

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(private readonly options: SentinelGroupOptions) {
    const { sentinelRootNodes, sentinelClientOptions } = options.sentinel;
    if (sentinelRootNodes.length === 0)
      throw new ImproperlyConfiguredError('sentinel.sentinelRootNodes: name at least one Sentinel');
    const path = 'sentinel.sentinelClientOptions';
    const template = serverTemplate({ ...sentinelClientOptions }, options.connectTimeoutMs, path);
    this.#servers = sentinelRootNodes.map((address) => this.#server(templateFor(template, address)));
  }

  /** `host:port, …`, for messages. */
  get names(): string {
    return this.options.sentinel.sentinelRootNodes.map(addressName).join(', ');
  }

  /**
   * Where the master is, as the Sentinels announce it.
   *
   * @throws AggregateError when no Sentinel knows
   */
  master(): Promise<NodeAddress> {
    return this.#ask('GET-MASTER-ADDR-BY-NAME', (reply) => {
      if (reply === null) throw new UnknownMasterError();
      const [host, port] = reply as readonly [string, string];
      return { host, port: Number(port) };
    });
  }

  /** The replicas that are in order. */
  replicas(): Promise<NodeAddress[]> {
    return this.#ask('REPLICAS', (reply) =>
      (reply as unknown as readonly Readonly<Record<string, string>>[])
        .filter(({ flags = '' }) => !/s_down|o_down|disconnected/.test(flags))
        .map(({ ip = '', port }) => ({ host: ip, port: Number(port) })),
    );
  }

  /** What the Sentinel that is asked first said was of no use: the next question goes to another. */
  doubt(): void {
    if (performance.now() - this.#doubtedAt < BETWEEN_DOUBTS_MS) return;
    this.#doubtedAt = performance.now();
    const [first, ...others] = this.#servers;
    first?.release();
    this.#servers = first === undefined ? others : [...others, first];
  }

  release(): void {
    for (const server of this.#servers) server.release();
  }

  /** As `release`, for good: a question under way goes to no further Sentinel. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  async #ask<T>(question: string, parse: (reply: RedisReply) => T): Promise<T> {
    const args = ['SENTINEL', question, this.options.sentinel.name];
    const { server, answer } = await firstAnswer(this.#servers, async (candidate) => ({
      server: candidate,
      answer: await candidate.send(args, parse),
    }));
    if (server !== this.#servers[0]) this.#prefer(server);
    return answer;
  }

  #prefer(server: SentinelServer): void {
    const others = this.#servers.filter((other) => other !== server);
    for (const other of others) other.release();
    this.#servers = [server, ...others];
  }

  #server(template: RedisClientType): SentinelServer {
    const { operationTimeoutMs, connectTimeoutMs, onSwitch, sentinel } = this.options;
    return new SentinelServer({
      template,
      operationTimeoutMs,
      connectTimeoutMs,
      onSwitch,
      name: sentinel.name,
    });
  }
}
