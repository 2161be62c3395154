import { performance } from 'node:perf_hooks';
import type { RedisClientType, RedisClusterOptions } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { ClusterNode } from './cluster-node.js';
import { ClusterSeeds } from './cluster-seeds.js';
import { SLOT_COUNT } from '../../hash-slot.js';
import { nodeTemplate, rootTemplates } from './cluster-templates.js';
import { knownSlotRanges, type SlotRange } from './cluster-topology.js';
import { ConnectionReport } from '../connection/connection-report.js';
import { dial } from '../connection/dial.js';
import { firstAnswer } from '../link/first-answer.js';
import type { KeptConnection } from '../connection/kept-connection.js';
import { addressName, mappedAddress, type NodeAddress } from '../connection/node-address.js';
import { templateFor } from '../connection/server-template.js';

/** The node that holds some slots, and those that copy it where replicas serve reads. */
interface Shard {
  readonly master: ClusterNode;
  readonly replicas: readonly ClusterNode[];
}

export interface ClusterMapOptions {
  readonly cluster: RedisClusterOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Pauses between questions for the topology while a master is away: often at first, in case it fails over. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 400;

/** How long after a redirection the topology is asked for: a migration gives one redirection for each slot. */
const AFTER_REDIRECTION_MS = 50;

/** How long a node without slots is kept after it was asked for a key. */
const ASKED_FOR_MS = 5000;

/** Which node holds which slot, and a connection to each, kept up to date. */
export class ClusterMap {
  readonly #seeds: ClusterSeeds;
  readonly #template: RedisClientType;
  readonly #nodes = new Map<string, ClusterNode>();
  /** Those that have said the cluster is down: one that is cut off from the others goes on saying so. */
  readonly #doubted = new WeakSet<ClusterNode>();
  #shards: (Shard | undefined)[] = [];
  #masters: ReadonlySet<ClusterNode> = new Set();
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #pauseMs = FIRST_PAUSE_MS;
  #closed = false;
  /** Changes when everything is forgotten: what was asked before is of no use then. */
  #era = {};

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(private readonly options: ClusterMapOptions) {
    const { cluster, connectTimeoutMs } = options;
    this.#seeds = new ClusterSeeds({ ...options, roots: rootTemplates(cluster, connectTimeoutMs) });
    this.#template = nodeTemplate(cluster, connectTimeoutMs);
  }

  /** `host:port, …` of the root nodes, for messages. */
  get names(): string {
    return this.#seeds.names;
  }

  /** The nodes that hold slots. */
  get masters(): ReadonlySet<ClusterNode> {
    return this.#masters;
  }

  /** Whether every node that holds slots is known to be away. */
  get isAway(): boolean {
    return [...this.#masters].every((master) => master.failure !== undefined);
  }

  /** The node to send to for a slot; one that no node holds is any node's to refuse. */
  masterOf(slot: number): ClusterNode | undefined {
    return this.#shards[slot]?.master ?? [...this.#masters][0];
  }

  replicasOf(slot: number): readonly ClusterNode[] {
    return this.#shards[slot]?.replicas ?? [];
  }

  /** The node at an address, which may be new. */
  nodeAt(address: NodeAddress): ClusterNode {
    const name = addressName(address);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = this.#node(address);
    if (this.#closed) void node.close();
    else this.#nodes.set(name, node);
    return node;
  }

  /** A node said that the slot has moved for good. */
  moved(slot: number, address: NodeAddress): ClusterNode {
    const master = this.nodeAt(address);
    if (this.#shards[slot]?.master !== master) this.#shards[slot] = { master, replicas: [] };
    this.refreshSoon(AFTER_REDIRECTION_MS);
    return master;
  }

  /** A node said that the cluster is down. */
  doubt(node: ClusterNode): void {
    this.#doubted.add(node);
    this.refreshSoon(0);
  }

  /**
   * Asks for the topology.
   *
   * @throws AggregateError when no node answers
   */
  refresh(): Promise<void> {
    return (this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#watch();
    }));
  }

  /** Asks for the topology in so many milliseconds, unless that is to happen sooner anyway. */
  refreshSoon(ms: number): void {
    const due = performance.now() + ms;
    if (this.#closed || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Infinity;
      this.refresh().catch(ignore);
    }, ms);
  }

  /** Forgets what was learned, and ends every connection once nothing is under way on it. */
  async reset(): Promise<void> {
    this.#era = {};
    this.#seeds.release();
    clearTimeout(this.#timer);
    this.#due = Infinity;
    this.#shards = [];
    this.#masters = new Set();
    const nodes = [...this.#nodes.values()];
    this.#nodes.clear();
    await Promise.all([this.#refreshing?.catch(ignore), ...nodes.map((node) => node.close())]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.reset();
  }

  async #refresh(): Promise<void> {
    const era = this.#era;
    const ranges = await this.#ask();
    if (this.#era === era) this.#adopt(ranges);
  }

  /** A node that has just come back, or is cut off, may not know what happened meanwhile: the others are asked first. */
  async #ask(): Promise<SlotRange[]> {
    const era = this.#era;
    const ready = [...this.#nodes.values()].filter((node) => node.isReady);
    const doubts = (node: ClusterNode): number => Number(this.#doubted.has(node));
    ready.sort((a, b) => doubts(a) - doubts(b) || a.readySince - b.readySince);
    try {
      return await firstAnswer(ready, (node) =>
        node.send(['CLUSTER', 'SLOTS'], (reply) => knownSlotRanges(reply, node.address)),
      );
    } catch (error) {
      if (this.#era !== era) throw error;
      return this.#seeds.slotRanges(this.#nodes.size === 0);
    }
  }

  #adopt(ranges: readonly SlotRange[]): void {
    const shards = new Array<Shard | undefined>(SLOT_COUNT);
    const masters = new Set<ClusterNode>();
    const used = new Set<ClusterNode>();
    for (const { from, to, master, replicas } of ranges) {
      const copies = this.options.cluster.useReplicas === true ? replicas : [];
      const shard = { master: this.nodeAt(master), replicas: copies.map((replica) => this.nodeAt(replica)) };
      shards.fill(shard, from, to + 1);
      masters.add(shard.master);
      for (const node of [shard.master, ...shard.replicas]) used.add(node);
    }
    this.#shards = shards;
    this.#masters = masters;
    for (const node of this.#nodes.values())
      if (!used.has(node)) this.#retire(node);
      else if (this.options.cluster.minimizeConnections !== true) void node.open().then(() => this.#watch());
  }

  /** A node that holds no slot yet may be asked for keys of one it is importing. */
  #retire(node: ClusterNode): void {
    const stillAsked = ASKED_FOR_MS - (performance.now() - node.askedAt);
    if (stillAsked > 0) this.refreshSoon(stillAsked);
    else this.#drop(node);
  }

  #drop(node: ClusterNode): void {
    this.#nodes.delete(node.name);
    void node.close();
  }

  #node(address: NodeAddress): ClusterNode {
    const { cluster, operationTimeoutMs, connectTimeoutMs } = this.options;
    const template = templateFor(this.#template, mappedAddress(cluster.nodeAddressMap, address));
    const start = () => dial(template, connectTimeoutMs);
    const report = new ConnectionReport(() => addressName(address));
    const onChange = (connection: KeptConnection): void => {
      report.update(connection);
      this.#onChange();
    };
    return new ClusterNode(address, { start, operationTimeoutMs, onChange });
  }

  #onChange(): void {
    this.#seeds.release();
    this.#pauseMs = FIRST_PAUSE_MS;
    this.refreshSoon(0);
  }

  /** As long as a master is away, another node may take its place at any time. */
  #watch(): void {
    const away = [...this.#masters].some((master) => master.failure !== undefined);
    if (!away || this.#closed) return;
    this.refreshSoon(this.#pauseMs * (0.75 + Math.random() / 4));
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }
}
