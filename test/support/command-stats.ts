import { createClient, type RedisClientType } from 'redis';

/** Calls by command, in lower case: `{ get: 1, set: 2 }`. */
export type CommandCounts = Readonly<Record<string, number>>;

/** What belongs to connections rather than to the calls of a test. */
const HOUSEKEEPING = new Set([
  'info',
  'hello',
  'auth',
  'role',
  'client',
  'ping',
  'select',
  'config',
  'script',
  'command',
]);

/** Counts the commands of a server that no one else uses. */
export class CommandStats {
  private constructor(readonly client: RedisClientType) {}

  static async of(url: string): Promise<CommandStats> {
    const client: RedisClientType = createClient({ url });
    client.on('error', () => undefined);
    await client.connect();
    return new CommandStats(client);
  }

  /**
   * The commands that arrive while `work` runs; those of a script count with it. The first EVAL of a script on a
   * connection counts as the EVALSHA that it is from then on.
   */
  async during(work: () => Promise<unknown>): Promise<CommandCounts> {
    const before = await this.#counts();
    await work();
    const after = await this.#counts();
    return Object.fromEntries(
      Object.entries(after)
        .map(([name, calls]) => [name, calls - (before[name] ?? 0)] as const)
        .filter(([, calls]) => calls > 0),
    );
  }

  close(): void {
    if (this.client.isOpen) this.client.destroy();
  }

  async #counts(): Promise<CommandCounts> {
    const stats = await this.client.sendCommand<never>(['INFO', 'commandstats']);
    const counts = Object.fromEntries(
      [...String(stats).matchAll(/^cmdstat_([^:|]+)\S*?:calls=(\d+)/gm)]
        .filter(([, name]) => !HOUSEKEEPING.has(String(name)))
        .map(([, name, calls]) => [String(name), Number(calls)]),
    );
    const { eval: first = 0, evalsha = 0, ...others } = counts;
    return { ...others, evalsha: first + evalsha };
  }
}
