import { refusedWith } from '../connection/translate-error.js';
import type { NodeAddress } from '../connection/node-address.js';
import type { RedisReply } from '../link/redis-link.js';

/** A run of slots, the node that holds it and those that copy it. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: NodeAddress;
  readonly replicas: readonly NodeAddress[];
}

export interface Redirection {
  readonly kind: 'MOVED' | 'ASK';
  readonly address: NodeAddress;
}

/**
 * Reads a reply to CLUSTER SLOTS. A node that does not know its own name leaves it out: then it is the one that
 * was asked. Nodes whose name nobody knows (`?`) are left out.
 */
export const parseSlotRanges = (reply: RedisReply, asked: NodeAddress): SlotRange[] => {
  const nodeAddress = (node: RedisReply): NodeAddress | undefined => {
    const [host, port] = node as readonly [string | null, number];
    return host === '?' ? undefined : { host: host === null || host === '' ? asked.host : host, port };
  };
  return (reply as readonly (readonly RedisReply[])[]).flatMap(([from, to, ...nodes]) => {
    const [master, ...replicas] = nodes.map(nodeAddress);
    if (master === undefined) return [];
    const known = replicas.filter((replica) => replica !== undefined);
    return [{ from: Number(from), to: Number(to), master, replicas: known }];
  });
};

/**
 * The same of a node that knows of any.
 *
 * @throws RedisServiceError for one that does not, such as a node that was taken out of its cluster
 */
export const knownSlotRanges = (reply: RedisReply, asked: NodeAddress): SlotRange[] => {
  const ranges = parseSlotRanges(reply, asked);
  if (ranges.length === 0) throw refusedWith('CLUSTERDOWN');
  return ranges;
};

/** Reads `MOVED 3999 127.0.0.1:6381` and `ASK 3999 [::1]…`; an empty host is that of the node which said so. */
export const parseRedirection = (message: string, asked: NodeAddress): Redirection | undefined => {
  const [, kind, host, port] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(message) ?? [];
  if ((kind !== 'MOVED' && kind !== 'ASK') || host === undefined) return undefined;
  return { kind, address: { host: host === '' ? asked.host : host, port: Number(port) } };
};
