import { freePort, RedisServer } from './redis-server.mjs';
import { ReplicatedRedis } from './replicated-redis.mjs';
import { until } from './until.mjs';

const MASTERS = 3;

const SLOTS = 16_384;

/** Milliseconds of silence after which the others take a node for failed. */
const NODE_TIMEOUT_MS = 1000;

/** A Redis Cluster of three masters with a replica each. */
export class RedisCluster extends ReplicatedRedis {
  #nodes = [];
  #busPorts = new Map();

  /** As the module takes it. */
  get source() {
    return { cluster: { rootNodes: this.#nodes.map(({ url }) => ({ url })) } };
  }

  /** A master that a fault is to hit, its replica, and a key that lives there. */
  async victim() {
    const [[from, to, ...holders]] = await this.admin.send(this.#nodes[0], 'CLUSTER', 'SLOTS');
    const [master, replica] = holders.map(([, port]) => this.#nodes.find((node) => node.port === port));
    return { master, replica, key: await this.#keyBetween(from, to) };
  }

  /** When it served the slots. */
  returned({ replica }) {
    return until(
      'the replica serves',
      async () => (await this.admin.roleOf(replica)) === 'master' && (await this.#serves(replica)),
    );
  }

  /** Waits until the old master, which is there again, has found its place. */
  async repair({ master }) {
    await until('the old master follows', () => this.admin.isInStep(master));
    await this.#whole();
  }

  async open() {
    for (let i = 0; i < 2 * MASTERS; i += 1) await this.#startNode();
    const [first, ...others] = this.#nodes;
    for (const [i, node] of this.#nodes.entries())
      await this.admin.send(node, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    for (const node of others)
      await this.admin.send(first, 'CLUSTER', 'MEET', '127.0.0.1', node.port, this.#busPorts.get(node));
    const masters = this.#nodes.slice(0, MASTERS);
    for (const [i, node] of masters.entries())
      await this.admin.send(node, 'CLUSTER', 'ADDSLOTSRANGE', firstSlot(i), firstSlot(i + 1) - 1);
    await until('every node knows the others', () =>
      this.#every(async (node) => (await this.#known(node)) === this.#nodes.length),
    );
    for (const [i, master] of masters.entries()) await this.#follow(this.#nodes[MASTERS + i], master);
    await this.#whole();
  }

  async #startNode() {
    const busPort = await freePort();
    const node = await RedisServer.start({
      'cluster-enabled': 'yes',
      'cluster-port': busPort,
      'cluster-node-timeout': NODE_TIMEOUT_MS,
      'cluster-replica-validity-factor': 0,
      // A replica that has received nothing yet is no part of CLUSTER SLOTS.
      'repl-ping-replica-period': 1,
      'repl-diskless-sync-delay': 0,
    });
    this.#nodes.push(node);
    this.#busPorts.set(node, busPort);
    await this.keep(node);
  }

  async #follow(replica, master) {
    await this.admin.send(replica, 'CLUSTER', 'REPLICATE', await this.admin.send(master, 'CLUSTER', 'MYID'));
    await until('the replica follows', () => this.admin.isInStep(replica));
  }

  /** Every slot is served, and every master has its replica, as each node sees it. */
  #whole() {
    return until('the cluster is whole', () =>
      this.#every(async (node) => {
        const ranges = await this.admin.send(node, 'CLUSTER', 'SLOTS');
        return ranges.length === MASTERS && ranges.every((range) => range.length === 4) && this.#serves(node);
      }),
    );
  }

  async #every(holds) {
    const held = await Promise.all(this.#nodes.map(holds));
    return held.every(Boolean);
  }

  async #serves(node) {
    return (await this.admin.send(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok');
  }

  async #known(node) {
    const lines = (await this.admin.send(node, 'CLUSTER', 'NODES')).trim().split('\n');
    return lines.filter((line) => !line.includes('handshake')).length;
  }

  async #keyBetween(from, to) {
    for (let i = 0; ; i += 1) {
      const key = `{failover${i}}`;
      const slot = await this.admin.send(this.#nodes[0], 'CLUSTER', 'KEYSLOT', key);
      if (from <= slot && slot <= to) return key;
    }
  }
}

const firstSlot = (master) => Math.round((master * SLOTS) / MASTERS);
