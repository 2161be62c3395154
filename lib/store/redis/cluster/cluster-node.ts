import { performance } from 'node:perf_hooks';
import {
  ReconnectingConnection,
  type ReconnectingConnectionOptions,
} from '../connection/reconnecting-connection.js';
import { addressName, type NodeAddress } from '../connection/node-address.js';
import type { ConnectionReport } from '../connection/connection-report.js';
import type { ReplyParser } from '../link/redis-link.js';
import { asReply } from '../commands/replies.js';

/** One node of a cluster. */
export class ClusterNode extends ReconnectingConnection {
  #askedAt = -Infinity;

  /**
   * @param address as the cluster announces it
   * @param target `host:port` it is connected to at
   * @param report tells the log of its outages
   */
  constructor(
    readonly address: NodeAddress,
    readonly target: string,
    readonly report: ConnectionReport,
    options: ReconnectingConnectionOptions,
  ) {
    super(options);
  }

  /** `host:port` */
  get name(): string {
    return addressName(this.address);
  }

  /** The time of the last call of `ask`, by performance.now(). */
  get askedAt(): number {
    return this.#askedAt;
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
}
