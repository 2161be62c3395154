import { performance } from 'node:perf_hooks';
import { RedisConnectionError } from '../../errors/redis.errors.js';
import { type NodeAddress } from './cluster-topology.js';
import { Connection } from './connection.js';
import { type Dial, DialTimeoutError, type DialledClient } from './dial.js';
import { Reconnection } from './reconnection.js';
import { type ReplyParser } from './redis-link.js';
import { asNothing, asReply } from './replies.js';

export interface ClusterNodeOptions {
  /** `host:port`, for messages. */
  readonly name: string;
  /** As the cluster announces it. */
  readonly address: NodeAddress;
  readonly start: () => Dial;
  readonly operationTimeoutMs: number;
  /** Called when the node is lost, and when it is back. */
  readonly onChange: () => void;
}

/** A connection that ended sooner than this is not replaced at once: something closes each. */
const SHORT_LIFE_MS = 1000;

/** One server among several, over one connection that is replaced whenever it ends. */
export class ClusterNode {
  #connection: Connection | undefined;
  #reconnection: Reconnection | undefined;
  #failure: unknown;
  #opened: Promise<void> | undefined;
  #tried: () => void = asNothing;
  #readySince = Infinity;
  #askedAt = -Infinity;
  #ended = false;

  constructor(private readonly options: ClusterNodeOptions) {}

  get name(): string {
    return this.options.name;
  }

  get address(): NodeAddress {
    return this.options.address;
  }

  get isReady(): boolean {
    return this.#connection !== undefined;
  }

  /** A time of performance.now(); Infinity while there is no connection. */
  get readySince(): number {
    return this.#readySince;
  }

  /** When `ask` was last called, as a time of performance.now(). */
  get askedAt(): number {
    return this.#askedAt;
  }

  /** Why there is no connection; undefined before the first attempt has failed, too. */
  get failure(): unknown {
    return this.isReady ? undefined : this.#failure;
  }

  /** Connects, and resolves when that has succeeded or failed once, at the latest after the operation timeout. */
  open(): Promise<void> {
    return (this.#opened ??= this.#ended ? Promise.resolve() : this.#open());
  }

  send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#connection === undefined
      ? this.#sendWhenOpen(args, parse)
      : this.#connection.send(args, parse);
  }

  /** As `send`, for a slot the node is still importing. */
  async ask<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    this.#askedAt = performance.now();
    await this.open();
    // Written in one go: the flag holds for the very next command.
    const asking = this.send(['ASKING'], asReply);
    const [, answer] = await Promise.all([asking, this.send(args, parse)]);
    return answer;
  }

  /** Waits for what is under way, which the deadline bounds, and ends. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#reconnection?.stop();
    this.#tried();
    await this.#connection?.idle();
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #sendWhenOpen<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (this.#failure === undefined) await this.open();
    if (this.#connection !== undefined) return this.#connection.send(args, parse);
    throw new RedisConnectionError(undefined, { cause: this.#failure });
  }

  #open(): Promise<void> {
    return new Promise((resolve) => {
      const { operationTimeoutMs } = this.options;
      const patience = setTimeout(
        () => this.#fail(new DialTimeoutError(operationTimeoutMs)),
        operationTimeoutMs,
      );
      this.#tried = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#reconnect(true);
    });
  }

  #reconnect(hurry: boolean): void {
    this.#reconnection = new Reconnection({
      start: () => {
        const dial = this.options.start();
        dial.opened.catch(this.#fail);
        return dial;
      },
      onOpen: (opened) => this.#adopt(opened),
      hurry,
    });
  }

  readonly #fail = (error: unknown): void => {
    if (this.#connection !== undefined) return;
    this.#failure = error;
    this.#tried();
  };

  #adopt({ client, bytesRead }: DialledClient): void {
    const { operationTimeoutMs } = this.options;
    this.#reconnection = undefined;
    this.#connection = new Connection({ client, bytesRead, operationTimeoutMs, onLost: this.#onLost });
    this.#readySince = performance.now();
    this.#tried();
    this.options.onChange();
  }

  readonly #onLost = (error: Error, connection: Connection): void => {
    if (connection !== this.#connection) return;
    const hurry = performance.now() - this.#readySince > SHORT_LIFE_MS;
    this.#connection = undefined;
    this.#readySince = Infinity;
    this.#failure = error;
    if (this.#ended) return;
    this.#reconnect(hurry);
    this.options.onChange();
  };
}
