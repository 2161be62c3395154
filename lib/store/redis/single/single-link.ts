import type { RedisClientOptions, RedisClientType } from 'redis';
import { checkServer } from '../link/check-server.js';
import { addressOf, clientTemplate } from '../connection/client-template.js';
import { ConnectionReport } from '../connection/connection-report.js';
import { dial } from '../connection/dial.js';
import { LinkLifecycle } from '../link/link-lifecycle.js';
import { ReconnectingConnection } from '../connection/reconnecting-connection.js';
import type { RedisLink, RedisNode, ReplyParser } from '../link/redis-link.js';
import { asReply } from '../commands/replies.js';
import { startError, urlAccessError } from '../connection/start-error.js';
import type { MessageListener, Subscription } from '../../subscription.js';
import { Subscriptions } from '../connection/subscriptions.js';
import { verifyPrimary } from '../connection/verify-primary.js';

export interface SingleLinkOptions {
  readonly url: string;
  readonly clientOptions: RedisClientOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

/** The way to one Redis server over one connection, which is replaced whenever it ends. */
export class SingleLink implements RedisLink {
  /** Private to the runtime too: it holds the password of Redis. */
  readonly #options: SingleLinkOptions;
  readonly #template: RedisClientType;
  readonly #address: string;
  readonly #report: ConnectionReport;
  readonly #life: LinkLifecycle;
  readonly #node: RedisNode = { send: (args) => this.send('', args, asReply) };
  readonly #subscriptions: Subscriptions;
  #connection: ReconnectingConnection | undefined;

  /** @throws ImproperlyConfiguredError for a url that cannot be read */
  constructor(options: SingleLinkOptions) {
    this.#options = options;
    this.#template = clientTemplate({ ...options.clientOptions, url: options.url }, 'url');
    this.#address = addressOf(this.#template);
    this.#report = new ConnectionReport(options, () => this.#address);
    this.#life = new LinkLifecycle({
      open: () => this.#open(),
      release: () => this.#release(),
      startError: (error) => startError(error, this.#address),
      ...options,
    });
    const { connectTimeoutMs, operationTimeoutMs } = options;
    this.#subscriptions = new Subscriptions({
      dialWith: (greet) => dial(this.#template, connectTimeoutMs, greet),
      operationTimeoutMs,
    });
  }

  connect(): Promise<void> {
    return this.#life.connect();
  }

  async close(): Promise<void> {
    await Promise.all([this.#life.close(), this.#subscriptions.close()]);
  }

  send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#connection !== undefined && this.#life.isOpen
      ? this.#connection.send(args, parse)
      : this.#life.whenOpen(() => this.send(key, args, parse));
  }

  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.send(key, args, parse);
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#subscriptions.subscribe(channel, listener);
  }

  split(): null {
    return null;
  }

  masters(): Promise<readonly RedisNode[]> {
    return Promise.resolve([this.#node]);
  }

  async #open(): Promise<void> {
    const { connectTimeoutMs, operationTimeoutMs, holdsSessions } = this.#options;
    const connection = new ReconnectingConnection({
      dial: dial(this.#template, connectTimeoutMs, (client) =>
        verifyPrimary((args) => client.sendCommand(args)),
      ),
      operationTimeoutMs,
      sharesReads: holdsSessions,
      patienceMs: connectTimeoutMs,
      accessError: (error) => urlAccessError(error, this.#address),
      onChange: (changed) => {
        if (this.#life.isOpen) this.#report.update(changed);
      },
    });
    this.#connection = connection;
    await connection.open();
    if (!connection.isReady) throw connection.failure;
    await checkServer({ send: (args) => connection.send(args, asReply) }, this.#address, this.#options);
  }

  async #release(): Promise<void> {
    const connection = this.#connection;
    await connection?.close();
    if (this.#connection === connection) this.#connection = undefined;
  }
}
