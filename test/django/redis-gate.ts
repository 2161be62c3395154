import { randomUUID } from 'node:crypto';
import type { RedisClientType } from 'redis';

const PATIENCE_S = 10;

/** Holds a request of either side between its reading of the session and its change. */
export class RedisGate {
  readonly name = `gate:${randomUUID()}`;

  constructor(private readonly redis: RedisClientType) {}

  /** Waits until a request stands before the gate. */
  async reached(): Promise<void> {
    if ((await this.redis.blPop(`${this.name}:reached`, PATIENCE_S)) === null)
      throw new Error('No request has come to the gate');
  }

  async open(): Promise<void> {
    await this.redis.rPush(`${this.name}:open`, '1');
  }
}

/** What a request of the Nest application does at a gate, on a connection that may wait. */
export const passGate = async (redis: RedisClientType, gate: string): Promise<void> => {
  const waiting = await redis.duplicate().connect();
  try {
    await waiting.rPush(`${gate}:reached`, '1');
    if ((await waiting.blPop(`${gate}:open`, PATIENCE_S)) === null) throw new Error(`Nobody opened ${gate}`);
  } finally {
    waiting.destroy();
  }
};
