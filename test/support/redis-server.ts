import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisServerBinary } from './find-redis.js';
import { programOnPath } from './system-program.js';

export interface RedisServerOptions {
  /** Further settings as on redis-server's command line: `{ requirepass: 'x' }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Further words of the command line, such as `--sentinel`. */
  readonly args?: readonly string[];
  /** The text of a configuration file that the server may rewrite; a Sentinel insists on one. */
  readonly configFile?: string;
  /** Instead of a free one. */
  readonly port?: number;
}

/** Where the system can do it, a run that is killed leaves no server behind. */
const DIES_WITH_PARENT = programOnPath(['setpriv']) === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];

/** Below the ports that the system gives to outgoing connections: none of those can take a port that was free. */
const PORTS = { first: 10_000, count: 22_000 };

/** A port is given once: who was given it may not have bound it yet. */
const given = new Set<number>();

/** A free TCP port of the loopback interface. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
};

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
};

/** A Redis server of a test's own, which it may freeze, kill and start again on the same port. */
export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'codex-redis-'));
  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly options: RedisServerOptions,
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options.port ?? (await freePort()), options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  get folder(): string {
    return this.#folder;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** Starts it (again), and waits until it accepts connections. */
  async start(): Promise<void> {
    const config = Object.entries({
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: 'no',
      ...this.options.config,
    }).flatMap(([name, value]) => [`--${name}`, value]);
    const [program, ...words] = [
      ...DIES_WITH_PARENT,
      redisServerBinary(),
      ...this.#configFile(),
      ...config,
      ...(this.options.args ?? []),
    ] as [string, ...string[]];
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    await ready(child);
  }

  #configFile(): string[] {
    if (this.options.configFile === undefined) return [];
    const path = join(this.#folder, 'redis.conf');
    if (!existsSync(path)) writeFileSync(path, this.options.configFile);
    return [path];
  }

  freeze(): void {
    this.#process!.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process!.kill('SIGCONT');
  }

  /** Kills it without a farewell; its data is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let log = '';
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      if (/Ready to accept connections|Sentinel ID is|monitor master/.test(log)) resolve();
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with code ${String(code)}: ${log}`)));
  });
