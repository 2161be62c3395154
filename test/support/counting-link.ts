import type { MessageListener, Subscription } from '../../lib/store/subscription.js';
import type { RedisLink, RedisNode, ReplyParser } from '../../lib/store/redis/link/redis-link.js';

/** What was sent, and in how many round trips: commands that leave before any reply is there share one. */
export interface Sent {
  readonly trips: number;
  readonly commands: readonly (readonly string[])[];
}

/** A way to Redis that counts round trips. Of calls at the same time it would count too few. */
export class CountingLink implements RedisLink {
  #underWay = 0;
  #trips = 0;
  #commands: (readonly string[])[] = [];

  constructor(private readonly link: RedisLink) {}

  async during(work: () => Promise<unknown>): Promise<Sent> {
    this.#trips = 0;
    this.#commands = [];
    await work();
    return { trips: this.#trips, commands: this.#commands };
  }

  connect(): Promise<void> {
    return this.link.connect();
  }

  close(): Promise<void> {
    return this.link.close();
  }

  send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#counted(args, this.link.send(key, args, parse));
  }

  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#counted(args, this.link.read(key, args, parse));
  }

  split(keys: readonly string[]): readonly (readonly number[])[] | null {
    return this.link.split(keys);
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.link.subscribe(channel, listener);
  }

  masters(): Promise<readonly RedisNode[]> {
    return this.link.masters();
  }

  async #counted<T>(args: readonly string[], reply: Promise<T>): Promise<T> {
    if (this.#underWay === 0) this.#trips += 1;
    this.#underWay += 1;
    this.#commands.push(args);
    try {
      return await reply;
    } finally {
      this.#underWay -= 1;
    }
  }
}
