import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const BINARIES = ['redis-server', 'valkey-server'];

/** The path of a Redis server program. */
export const redisServerBinary = () => {
  for (const name of BINARIES)
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // The next folder may have it.
      }
    }
  throw new Error(
    'The benchmark starts its own Redis: put redis-server or valkey-server (7.0 or newer) on the PATH.',
  );
};

/** Below those that the system gives to connections, which may take a port before its server starts. */
let latestPort = 15_000 + Math.floor(Math.random() * 15_000);

/** A port that nobody listens on; none is given twice, since a server that is down keeps its own. */
export const freePort = async () => {
  for (;;) {
    const port = (latestPort += 1);
    if (await isFree(port)) return port;
  }
};

const isFree = async (port) => {
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

/** A Redis server of the benchmark's own, which a scenario may freeze, kill and start again on the same port. */
export class RedisServer {
  #folder = mkdtempSync(join(tmpdir(), 'codex-redis-benchmark-'));
  #settings;
  #asSentinel = [];
  #child;

  constructor(port, settings) {
    this.port = port;
    this.url = this.urlOf(0);
    this.#settings = settings;
  }

  /** @param {Record<string, string | number>} [settings] further settings, as on the command line */
  static async start(settings = {}) {
    const server = new RedisServer(await freePort(), settings);
    await server.start();
    return server;
  }

  /** Starts a Sentinel; it rewrites the file that these lines are put into. */
  static async startSentinel(lines) {
    const server = new RedisServer(await freePort(), {});
    const file = join(server.#folder, 'sentinel.conf');
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    server.#asSentinel = [file, '--sentinel'];
    await server.start();
    return server;
  }

  /** Starts it (again), empty, and waits until it accepts connections. */
  async start() {
    const settings = {
      port: this.port,
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: 'no',
      'enable-debug-command': 'local',
      ...this.#settings,
    };
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const args = [...this.#asSentinel, ...words];
    this.#child = spawn(redisServerBinary(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await accepting(this.#child);
  }

  /** One of its databases; there are 16. */
  urlOf(database) {
    return `redis://127.0.0.1:${this.port}/${database}`;
  }

  freeze() {
    this.#child.kill('SIGSTOP');
  }

  thaw() {
    this.#child.kill('SIGCONT');
  }

  /** Kills it without a farewell; its data is gone. */
  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const accepting = (child) =>
  new Promise((resolve, reject) => {
    let log = '';
    child.stdout.on('data', (chunk) => {
      if (log === undefined) return;
      log += chunk;
      if (!/Ready to accept connections|Sentinel ID is/.test(log)) return;
      log = undefined;
      resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}: ${log ?? ''}`)));
  });
