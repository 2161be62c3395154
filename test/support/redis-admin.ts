import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type RedisClientType, type RedisClusterOptions } from 'redis';

/** How a test speaks to a server behind the back of what it tests. */
export type AdminOptions = NonNullable<RedisClusterOptions['defaults']>;

/** What a server says of its replication. */
interface Replication {
  /** Offsets can be compared only within the same. */
  readonly history: string | undefined;
  readonly written: number;
  /** NaN on a master. */
  readonly applied: number;
  /** The ports of the replicas that follow it. */
  readonly replicas: readonly number[];
}

/** Plain connections to servers of a test's own, by port, made when they are first used. */
export class RedisAdmin {
  readonly #clients = new Map<number, RedisClientType>();

  constructor(private readonly options: AdminOptions = {}) {}

  /** Sends one command to the server on a port. */
  async command<Reply = unknown>(port: number, ...args: string[]): Promise<Reply> {
    const client = await this.#client(port);
    return client.sendCommand<never>(args);
  }

  /**
   * Waits until a replica has everything that its master, the server on this port, has acknowledged so far. WAIT would
   * ask only for what its own client has written.
   */
  async propagated(master: number): Promise<void> {
    const { history, written } = await this.#replication(master);
    await until('a replica has the writes of its master', async () => {
      const { replicas } = await this.#replication(master);
      const states = await Promise.all(replicas.map((port) => this.#replication(port)));
      return states.some((state) => state.history === history && state.applied >= written);
    });
  }

  close(): void {
    for (const client of this.#clients.values()) if (client.isOpen) client.destroy();
    this.#clients.clear();
  }

  async #replication(port: number): Promise<Replication> {
    const info = await this.command<string>(port, 'INFO', 'replication');
    const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
    return {
      history: field('master_replid'),
      written: Number(field('master_repl_offset')),
      applied: Number(field('slave_repl_offset')),
      replicas: [...info.matchAll(/^slave\d+:.*\bport=(\d+),state=online/gm)].map(([, found]) =>
        Number(found),
      ),
    };
  }

  async #client(port: number): Promise<RedisClientType> {
    const known = this.#clients.get(port);
    if (known?.isReady === true) return known;
    if (known?.isOpen === true) known.destroy();
    const socket = {
      ...this.options.socket,
      host: '127.0.0.1',
      port,
      reconnectStrategy: false as const,
      connectTimeout: 30_000,
    };
    const client: RedisClientType = createClient({ ...this.options, socket });
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.set(port, client);
    return client;
  }
}

/** Asks again and again until the answer is yes; errors count as no. */
export const until = async (
  what: string,
  condition: () => Promise<boolean>,
  withinMs = 30_000,
): Promise<void> => {
  const end = Date.now() + withinMs;
  let last: unknown;
  do {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await pause(20);
  } while (Date.now() < end);
  throw new Error(`Not within ${withinMs} ms: ${what}`, { cause: last });
};
