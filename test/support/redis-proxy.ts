import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** What happens to the bytes of every connection. */
type Mode =
  /** They pass. */
  | 'pass'
  /** They vanish, as behind a firewall that drops packets; connections are still accepted. */
  | 'swallow'
  /** Those of Redis vanish; what it was sent is executed. */
  | 'swallow replies';

/** A TCP proxy before a Redis, which can do what networks do. */
export class RedisProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: Mode = 'pass';
  #bytesPerSecond = Infinity;
  #outdated = false;
  #accepted = 0;

  private constructor(private target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((near) => this.#accept(near));
  }

  static async start(url: string): Promise<RedisProxy> {
    const proxy = new RedisProxy(targetOf(url));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** How many connections were made so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many connections there are. */
  get open(): number {
    return this.#pairs.size;
  }

  /** From now on new connections lead to another server; those that there are stay. */
  moveTo(url: string): void {
    this.target = targetOf(url);
  }

  /** From now on no byte passes. */
  swallow(): void {
    this.#mode = 'swallow';
  }

  /** From now on commands are executed, but their replies are lost. */
  swallowReplies(): void {
    this.#mode = 'swallow replies';
  }

  /** From now on bytes pass again; those swallowed before are lost. */
  pass(): void {
    this.#mode = 'pass';
  }

  /** Lets replies through at this rate only. */
  slowDown(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** From now on the server gives itself out as a Redis 6. */
  outdate(): void {
    this.#outdated = true;
  }

  /** Ends every connection with a reset. */
  drop(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    this.#accepted++;
    const far = connect(this.target);
    const pair = { near, far };
    this.#pairs.add(pair);
    near.on('data', (bytes: Buffer) => {
      if (this.#mode !== 'swallow') far.write(bytes);
    });
    far.on('data', (bytes: Buffer) => {
      if (this.#mode === 'pass') this.#reply(pair, this.#outdated ? outdated(bytes) : bytes);
    });
    const end = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  }

  #reply({ near, far }: Pair, bytes: Buffer): void {
    near.write(bytes);
    if (this.#bytesPerSecond === Infinity) return;
    far.pause();
    setTimeout(() => far.resume(), (bytes.length / this.#bytesPerSecond) * 1000);
  }
}

const targetOf = (url: string): { readonly host: string; readonly port: number } => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port || 6379) };
};

const outdated = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1');
  return Buffer.from(
    text.replace('redis_version:7', 'redis_version:6').replace('valkey_version', 'other__version'),
    'latin1',
  );
};
