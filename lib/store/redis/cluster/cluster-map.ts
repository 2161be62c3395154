import { performance } from 'node:perf_hooks';
import type { RedisClientType, RedisClusterOptions } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { ClusterNode } from './cluster-node.js';
import { nodeAccessError } from './cluster-start-error.js';
import { RefreshSchedule } from './refresh-schedule.js';
import { RootNodes } from './root-nodes.js';
import { SLOT_COUNT } from '../../hash-slot.js';
import { knownSlotRanges, type SlotRange } from './cluster-topology.js';
import { ConnectionReport } from '../connection/connection-report.js';
import { dial, type Dial } from '../connection/dial.js';
import { hedgedRequest } from '../link/hedged-request.js';
import type { ReconnectingConnection } from '../connection/reconnecting-connection.js';
import { addressName, mappedAddress, type NodeAddress } from '../connection/node-address.js';
import { addressOf, clientTemplate, templateFor } from '../connection/client-template.js';
import type { Greeting } from '../connection/subscriptions.js';
import { POLICY } from '../connection/policy.js';

/** The node that holds some slots, and those that copy it where replicas serve reads. */
interface Shard {
  readonly master: ClusterNode;
  readonly replicas: readonly ClusterNode[];
}

export interface ClusterMapOptions {
  readonly cluster: RedisClusterOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

/** Maps each slot to its node, with a connection to each node, and keeps that up to date. */
export class ClusterMap {
  readonly #roots: RootNodes;
  readonly #template: RedisClientType;
  readonly #nodes = new Map<string, ClusterNode>();
  /** Those that have said the cluster is down: one that is cut off from the others goes on saying so. */
  readonly #doubted = new WeakSet<ClusterNode>();
  #shards: (Shard | undefined)[] = [];
  #masters: ReadonlySet<ClusterNode> = new Set();
  #refreshing: Promise<void> | undefined;
  #closed = false;
  #tellsLog = false;
  readonly #schedule = new RefreshSchedule(() => this.refresh());
  /** Aborted when everything is forgotten: what was asked before is of no use then. */
  #forgotten = new AbortController();
  /** Ends the question to the root nodes. */
  #othersAnswer = new AbortController();

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(private readonly options: ClusterMapOptions) {
    const { defaults, useReplicas } = options.cluster;
    this.#roots = new RootNodes(options);
    this.#template = clientTemplate({ ...defaults, readonly: useReplicas === true }, 'cluster.defaults');
  }

  /** `host:port, ...` of the root nodes, for messages. */
  get names(): string {
    return this.#roots.names;
  }

  /** The nodes that hold slots. */
  get masters(): ReadonlySet<ClusterNode> {
    return this.#masters;
  }

  /** True if every node that holds slots is known to be down. */
  get isAway(): boolean {
    return [...this.#masters].every((master) => master.failure !== undefined);
  }

  get isBusy(): boolean {
    return [...this.#nodes.values()].some((node) => node.isBusy);
  }

  /** The node to send to for a slot; one that no node holds is any node's to refuse. */
  masterOf(slot: number): ClusterNode | undefined {
    return this.#shards[slot]?.master ?? [...this.#masters][0];
  }

  replicasOf(slot: number): readonly ClusterNode[] {
    return this.#shards[slot]?.replicas ?? [];
  }

  /** A further connection to a node, over which subscriptions are told of messages. */
  dialTo({ address }: ClusterNode, greet: Greeting): Dial {
    return dial(this.#templateAt(address), this.options.connectTimeoutMs, greet);
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
    this.#schedule.soon(POLICY.afterRedirectionMs);
    return master;
  }

  /** A node said that the cluster is down. */
  doubt(node: ClusterNode): void {
    this.#doubted.add(node);
    this.#schedule.soon(0);
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

  /** From now on tells the log of nodes that are lost, and at once of those that are not there. A failed start does not. */
  tellLog(): void {
    this.#tellsLog = true;
    for (const node of this.#nodes.values()) if (node.failure !== undefined) node.report.update(node);
  }

  /** Forgets what was learned, and ends every connection once nothing is in flight on it. */
  async reset(): Promise<void> {
    this.#forgotten.abort(new Error('No longer wanted'));
    this.#forgotten = new AbortController();
    this.#othersAnswer.abort(new Error('No longer wanted'));
    this.#schedule.cancel();
    this.#tellsLog = false;
    this.#shards = [];
    this.#masters = new Set();
    const nodes = [...this.#nodes.values()];
    this.#nodes.clear();
    await Promise.all([this.#refreshing?.catch(ignore), ...nodes.map((node) => node.close())]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#schedule.close();
    await this.reset();
  }

  /** Resolves when nothing is in flight on any node: an answer of one may lead to a command to another. */
  async idle(): Promise<void> {
    while (this.isBusy) await Promise.all([...this.#nodes.values()].map((node) => node.idle()));
  }

  async #refresh(): Promise<void> {
    const { signal } = this.#forgotten;
    const ranges = await this.#ask(signal);
    if (!signal.aborted) this.#adopt(ranges);
  }

  async #ask(forgotten: AbortSignal): Promise<SlotRange[]> {
    const [first, ...others] = this.#informedNodes();
    const ask = (node: ClusterNode): Promise<SlotRange[]> =>
      node.send(['CLUSTER', 'SLOTS'], (reply) => knownSlotRanges(reply, node.address));
    try {
      if (first !== undefined) return await hedgedRequest([first, ...others], ask);
    } catch {
      // None that is known knows: the root nodes are asked.
    }
    forgotten.throwIfAborted();
    this.#othersAnswer = new AbortController();
    const nodes = [...this.#nodes.values()];
    const tried = new Set(nodes.filter(({ failure }) => failure !== undefined).map(({ target }) => target));
    return this.#roots.slotRanges({ insist: nodes.length === 0, tried }, this.#othersAnswer.signal);
  }

  /** A node that has just come back, or is cut off, may not know what happened meanwhile: the others come first. */
  #informedNodes(): ClusterNode[] {
    const doubts = (node: ClusterNode): number => Number(this.#doubted.has(node));
    return [...this.#nodes.values()]
      .filter((node) => node.isReady)
      .sort((a, b) => doubts(a) - doubts(b) || a.readySince - b.readySince);
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
    const stillAsked = POLICY.askedNodeMs - (performance.now() - node.askedAt);
    if (stillAsked > 0) this.#schedule.soon(stillAsked);
    else this.#drop(node);
  }

  #drop(node: ClusterNode): void {
    this.#nodes.delete(node.name);
    void node.close();
  }

  #node(address: NodeAddress): ClusterNode {
    const { operationTimeoutMs, connectTimeoutMs, holdsSessions } = this.options;
    const template = this.#templateAt(address);
    const report = new ConnectionReport(this.options, () => addressName(address));
    return new ClusterNode(address, addressOf(template), report, {
      dial: dial(template, connectTimeoutMs),
      operationTimeoutMs,
      sharesReads: holdsSessions,
      // one that is silent must not take all the time of a start
      patienceMs: Math.min(operationTimeoutMs, connectTimeoutMs / 2),
      accessError: (error) => nodeAccessError(error, addressName(address)),
      onChange: (connection) => this.#onChange(connection, report),
    });
  }

  #templateAt(address: NodeAddress): RedisClientType {
    return templateFor(this.#template, mappedAddress(this.options.cluster.nodeAddressMap, address));
  }

  #onChange(connection: ReconnectingConnection, report: ConnectionReport): void {
    if (this.#tellsLog) report.update(connection);
    if (connection.readySince === Infinity) return;
    this.#othersAnswer.abort(new Error('Another node has changed'));
    this.#schedule.restart();
  }

  /** As long as a master is down, another node may take its place at any time. */
  #watch(): void {
    const away = [...this.#masters].some((master) => master.failure !== undefined);
    if (away) this.#schedule.backOff();
  }
}
