import { createClient } from 'redis';

/** Connections to servers of the benchmark's own, past what is measured. They come back when a server does. */
export class Admin {
  #clients = new Map();

  /** Connects beforehand, since that takes longer than what is waited for. */
  async connect(servers) {
    for (const { port, url } of servers) {
      const client = createClient({ url, socket: { reconnectStrategy: 50 } }).on('error', () => {});
      await client.connect();
      this.#clients.set(port, client);
    }
  }

  send({ port }, ...words) {
    return this.#clients.get(port).sendCommand(words.map(String));
  }

  /** `master` or `slave`, as the server sees itself. */
  async roleOf(server) {
    const [role] = await this.send(server, 'ROLE');
    return role;
  }

  /** Whether it copies a master and has all of it. */
  async isInStep(server) {
    const info = await this.send(server, 'INFO', 'replication');
    return info.includes('master_link_status:up');
  }

  close() {
    for (const client of this.#clients.values()) client.destroy();
  }
}
