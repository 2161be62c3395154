import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { freePort, type RedisServer } from './redis-server.js';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** The connection is lost without notice, as when a NAT forgets it. */
  isForgotten: boolean;
}

/** What happens to the bytes of every connection. */
type Mode =
  /** They pass. */
  | 'pass'
  /** They vanish, as behind a firewall that drops packets; connections are still accepted. */
  | 'swallow'
  /** Those of Redis vanish; what it was sent is executed. */
  | 'swallow replies'
  /** Connections are accepted and closed at once. */
  | 'close';

/** A TCP proxy before a Redis, which can do what networks do. */
export class RedisProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: Mode = 'pass';
  #bytesPerSecond = Infinity;
  #requestBytesPerSecond = Infinity;
  #delayMs = 0;
  #outdated = false;
  /** When each connection was made, as times of performance.now(). */
  readonly attempts: number[] = [];

  private constructor(
    private target: { readonly host: string; readonly port: number },
    readonly port: number,
  ) {
    this.#server = createServer((near) => this.#accept(near));
  }

  static async start(url: string): Promise<RedisProxy> {
    const proxy = new RedisProxy(targetOf(url), await freePort());
    await proxy.listen();
    return proxy;
  }

  /** Called with the bytes of every request that passes. */
  onRequest: (bytes: Buffer) => void = () => undefined;

  /** Accepts connections (again). */
  async listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Ends every connection and refuses further ones, as a port does on which nothing listens. */
  async refuse(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** How many connections were made so far. */
  get accepted(): number {
    return this.attempts.length;
  }

  /** How many connections there are. */
  get open(): number {
    return this.#pairs.size;
  }

  /** From now on new connections lead to another server; those that there are stay. */
  moveTo(url: string): void {
    this.target = targetOf(url);
  }

  /** Ends every connection, and each further one as soon as it is made. */
  close(): void {
    this.#mode = 'close';
    this.drop();
  }

  /** Drops the present connections without telling either end; new ones pass. */
  forget(): void {
    for (const pair of this.#pairs) pair.isForgotten = true;
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

  /** Lets requests through at this rate only. */
  slowRequestsDown(bytesPerSecond: number): void {
    this.#requestBytesPerSecond = bytesPerSecond;
  }

  /** Holds each reply back for so long. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** From now on the server gives itself out as a Redis 6. */
  outdate(): void {
    this.#outdated = true;
  }

  /** Ends every connection with a reset. */
  drop(): void {
    for (const { near, far } of this.#pairs) {
      // Node never closes a socket that is reset while its end is on the way, and does not exit then
      if (near.writableEnded) near.destroy();
      else near.resetAndDestroy();
      far.destroy();
    }
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #accept(near: Socket): void {
    this.attempts.push(performance.now());
    if (this.#mode === 'close') {
      near.destroy();
      return;
    }
    const far = connect(this.target);
    const pair = { near, far, isForgotten: false };
    this.#pairs.add(pair);
    near.on('data', (bytes: Buffer) => {
      if (this.#mode !== 'swallow' && !pair.isForgotten) this.#request(pair, bytes);
    });
    far.on('data', (bytes: Buffer) => {
      if (this.#mode === 'pass' && !pair.isForgotten)
        this.#reply(pair, this.#outdated ? outdated(bytes) : bytes);
    });
    const end = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  }

  #request({ near, far }: Pair, bytes: Buffer): void {
    this.onRequest(bytes);
    far.write(bytes);
    slowDown(near, bytes, this.#requestBytesPerSecond);
  }

  #reply({ near, far }: Pair, bytes: Buffer): void {
    if (this.#delayMs === 0) near.write(bytes);
    else setTimeout(() => near.write(bytes), this.#delayMs);
    slowDown(far, bytes, this.#bytesPerSecond);
  }
}

const slowDown = (source: Socket, { length }: Buffer, bytesPerSecond: number): void => {
  if (bytesPerSecond === Infinity) return;
  source.pause();
  setTimeout(() => source.resume(), (length / bytesPerSecond) * 1000);
};

const targetOf = (url: string): { readonly host: string; readonly port: number } => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port || 6379) };
};

const outdated = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1');
  return Buffer.from(
    text.replace(/redis_version:\d/, 'redis_version:6').replace('valkey_version', 'other__version'),
    'latin1',
  );
};

/** A proxy before each of these servers. */
export const proxiesBefore = (servers: readonly RedisServer[]): Promise<RedisProxy[]> =>
  Promise.all(servers.map(({ url }) => RedisProxy.start(url)));

/** Leads clients from the addresses of servers to those of their proxies. */
export const addressMap = (
  servers: readonly RedisServer[],
  proxies: readonly RedisProxy[],
): Record<string, { host: string; port: number }> =>
  Object.fromEntries(
    servers.map(({ port }, n) => [`127.0.0.1:${port}`, { host: '127.0.0.1', port: proxies[n]!.port }]),
  );
