import { randomUUID } from 'node:crypto';
import { systemClock } from '../../lib/common/clock.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { until } from './redis-admin.js';
import { sessionSettings } from './sessions.js';

/** Processes that tell each other of the sessions that end, each with a store of its own. */
export class ListeningProcesses {
  readonly #projectName = `test-${randomUUID()}`;
  readonly #services: readonly SessionService[];
  /** The sessions of which each process was told, in that order. */
  readonly heard: readonly string[][];
  /** Those that have ended. */
  readonly ended: string[] = [];

  constructor(stores: readonly KeyValueStore[]) {
    const settings = sessionSettings({ projectName: this.#projectName, broadcastEvents: true });
    this.#services = stores.map((store) => new SessionService(store, settings, systemClock));
    this.heard = this.#services.map(({ events }) => {
      const names: string[] = [];
      events.on('ended', ({ session }) => names.push(session));
      events.on('flushed', ({ session }) => this.ended.push(session));
      return names;
    });
  }

  /** The channel of their messages. */
  get channel(): string {
    return `${this.#projectName}:session:ended`;
  }

  /** Ends a session in each of them, and waits until every one was told of all. */
  async endOneEach(): Promise<void> {
    for (const service of this.#services) {
      const session = await service.create();
      await service.delete(session.key!);
    }
    await until('every process was told of all', () =>
      Promise.resolve(this.heard.every((names) => this.ended.every((name) => names.includes(name)))),
    );
  }
}
