import { moduleLogger } from '../../../common/loggers.js';
import type { StoreSettings } from '../../../config/settings.js';
import type { ReconnectingConnection } from './reconnecting-connection.js';

/** Tells the log of an outage of one connection and of its end, once each. */
export class ConnectionReport {
  readonly #owner: string;
  #lost = false;

  /** @param place names the server: never the user or the password */
  constructor(
    { holdsSessions }: Pick<StoreSettings, 'holdsSessions'>,
    private readonly place: () => string,
  ) {
    this.#owner = holdsSessions === true ? 'sessions' : 'cache';
  }

  update({ isReady, failure }: Pick<ReconnectingConnection, 'isReady' | 'failure'>): void {
    if (isReady && this.#lost) moduleLogger.log(`${this.#name()} is back again`);
    if (!isReady && !this.#lost)
      moduleLogger.warn(`${this.#name()} was lost (${messageOf(failure)}); reconnecting`);
    this.#lost = !isReady;
  }

  #name(): string {
    return `The connection of the ${this.#owner} to Redis at ${this.place()}`;
  }
}

const messageOf = (failure: unknown): string =>
  failure instanceof Error ? failure.message : 'unknown reason';
