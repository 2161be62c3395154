import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { RedisServer } from './redis-server.mjs';
import { ReplicatedRedis } from './replicated-redis.mjs';
import { until } from './until.mjs';

/** A server and its replica behind one name, as a managed Redis has it: the name follows the primary, late. */
export class MovedName extends ReplicatedRedis {
  #name;
  #primary;
  #replica;
  #target;
  #sockets = new Set();

  /** As the module takes it. */
  get source() {
    return { url: `redis://127.0.0.1:${this.#name.address().port}` };
  }

  async open() {
    this.#primary = await this.#startServer();
    this.#replica = await this.#startServer({ replicaof: `127.0.0.1 ${this.#primary.port}` });
    await until('the replica follows', () => this.admin.isInStep(this.#replica));
    this.#target = this.#primary;
    this.#name = createServer((client) => this.#pass(client)).listen(0, '127.0.0.1');
    await once(this.#name, 'listening');
  }

  /** The replica becomes the primary, and the other way round; the name still leads to the old one. */
  async promote() {
    const [old, next] = [this.#primary, this.#replica];
    await this.admin.send(next, 'REPLICAOF', 'NO', 'ONE');
    await this.admin.send(old, 'REPLICAOF', '127.0.0.1', next.port);
    [this.#primary, this.#replica] = [next, old];
    await until('the old primary follows', () => this.admin.isInStep(old));
  }

  /** New connections lead to the primary; those that there are stay where they are. */
  move() {
    this.#target = this.#primary;
  }

  async stop() {
    this.#name?.close();
    for (const socket of this.#sockets) socket.destroy();
    await super.stop();
  }

  async #startServer(settings) {
    const server = await RedisServer.start({ 'repl-diskless-sync-delay': 0, ...settings });
    await this.keep(server);
    return server;
  }

  #pass(client) {
    const server = connect({ port: this.#target.port, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
