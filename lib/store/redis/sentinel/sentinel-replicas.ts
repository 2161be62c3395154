import type { ReconnectingConnection } from '../connection/reconnecting-connection.js';
import { addressName, type NodeAddress } from '../connection/node-address.js';

export interface SentinelReplicasOptions {
  /** Asks the Sentinels. */
  readonly locate: () => Promise<readonly NodeAddress[]>;
  readonly connectionTo: (address: NodeAddress) => ReconnectingConnection;
}

/** The replicas of a master, for reads that the user lets them serve. */
export class SentinelReplicas {
  readonly #known = new Map<string, ReconnectingConnection>();
  #closed = false;

  constructor(private readonly options: SentinelReplicasOptions) {}

  /** Learns which replicas there are. */
  async refresh(): Promise<void> {
    const addresses = new Map(
      (await this.options.locate()).map((address) => [addressName(address), address]),
    );
    if (this.#closed) return;
    for (const [name, connection] of this.#known) if (!addresses.has(name)) void this.#drop(name, connection);
    for (const [name, address] of addresses) if (!this.#known.has(name)) this.#add(name, address);
  }

  /** One that can be read from. */
  pick(): ReconnectingConnection | undefined {
    const ready = [...this.#known.values()].filter((connection) => connection.isReady);
    return ready[Math.floor(Math.random() * ready.length)];
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#known].map(([name, connection]) => this.#drop(name, connection)));
  }

  #add(name: string, address: NodeAddress): void {
    const connection = this.options.connectionTo(address);
    this.#known.set(name, connection);
    void connection.open();
  }

  #drop(name: string, connection: ReconnectingConnection): Promise<void> {
    this.#known.delete(name);
    return connection.close();
  }
}
