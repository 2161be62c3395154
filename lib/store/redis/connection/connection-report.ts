import { moduleLogger } from '../../../common/loggers.js';
import type { StoreSettings } from '../../../config/settings.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import type { ReconnectingConnection } from './reconnecting-connection.js';
import { reason } from './start-error.js';

/** The state of a connection as the log was told it. */
type Told = 'ready' | 'lost' | 'turned away';

/** Tells the log of an outage of one connection and of its end, once each, and of a server that turns its user away. */
export class ConnectionReport {
  readonly #owner: string;
  #told: Told = 'ready';

  /** @param place names the server: never the user or the password */
  constructor(
    { holdsSessions }: Pick<StoreSettings, 'holdsSessions'>,
    private readonly place: () => string,
  ) {
    this.#owner = holdsSessions === true ? 'sessions' : 'cache';
  }

  update({ isReady, failure, readySince }: ReportedConnection): void {
    if (isReady) {
      if (this.#told !== 'ready') moduleLogger.log(`${this.#name()} is back again`);
      this.#told = 'ready';
    } else if (failure instanceof ImproperlyConfiguredError) {
      if (this.#told !== 'turned away')
        moduleLogger.error(`${this.#name()} cannot be made: ${failure.message}`);
      this.#told = 'turned away';
    } else if (this.#told === 'ready') {
      const outage =
        readySince === Infinity
          ? `could not be made (${reason(failure)}); trying again`
          : `was lost (${messageOf(failure)}); reconnecting`;
      moduleLogger.warn(`${this.#name()} ${outage}`);
      this.#told = 'lost';
    }
  }

  #name(): string {
    return `The connection of the ${this.#owner} to Redis at ${this.place()}`;
  }
}

type ReportedConnection = Pick<ReconnectingConnection, 'isReady' | 'failure' | 'readySince'>;

const messageOf = (failure: unknown): string =>
  failure instanceof Error && failure.message !== '' ? failure.message : reason(failure);
