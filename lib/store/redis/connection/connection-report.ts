import { Logger } from '@nestjs/common';
import type { ReconnectingConnection } from './reconnecting-connection.js';

const logger = new Logger('CodexRedisModule');

/** Tells the log of an outage of one server and of its end, once each. */
export class ConnectionReport {
  #lost = false;

  /** @param place names the server: never the user or the password */
  constructor(private readonly place: () => string) {}

  update({ isReady, failure }: Pick<ReconnectingConnection, 'isReady' | 'failure'>): void {
    if (isReady && this.#lost) logger.log(`Connected to Redis at ${this.place()} again`);
    if (!isReady && !this.#lost)
      logger.warn(`Lost the connection to Redis at ${this.place()} (${messageOf(failure)}); reconnecting`);
    this.#lost = !isReady;
  }
}

const messageOf = (failure: unknown): string =>
  failure instanceof Error ? failure.message : 'unknown reason';
