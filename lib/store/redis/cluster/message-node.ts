import type { Dial } from '../connection/dial.js';
import type { Greeting } from '../connection/subscriptions.js';
import type { ClusterMap } from './cluster-map.js';
import type { ClusterNode } from './cluster-node.js';

/** The node that messages are heard from: any that holds slots, since the nodes pass messages on to each other. */
export class MessageNode {
  #dialled: ClusterNode | undefined;

  constructor(private readonly map: Pick<ClusterMap, 'masters' | 'dialTo'>) {}

  /** True if the node that was dialled last still holds slots. */
  get isCurrent(): boolean {
    return this.#dialled !== undefined && this.map.masters.has(this.#dialled);
  }

  dial(greet: Greeting): Dial {
    const masters = [...this.map.masters];
    const ready = masters.filter(({ isReady }) => isReady);
    const node = anyOf(ready.length > 0 ? ready : masters);
    if (node === undefined) return () => Promise.reject(new Error('No node of the cluster is known'));
    this.#dialled = node;
    return this.map.dialTo(node, greet);
  }
}

const anyOf = <T>(choices: readonly T[]): T | undefined =>
  choices[Math.floor(Math.random() * choices.length)];
