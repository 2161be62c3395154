import { SessionService } from '../../lib/session/session.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { openRedis } from './stores.js';
import { sessionSettings } from './sessions.js';

/*
 * A process of session writers. Each has a service of its own, as a process has, so that none waits for another in a
 * queue: every one of them contends.
 */

/** What the test tells this process. */
export type Order =
  | { readonly kind: 'load'; readonly key: string; readonly names: readonly string[] }
  | { readonly kind: 'save' };

/** A busy machine is none of what is tested. */
const OPERATION_TIMEOUT_MS = 60_000;

const { REDIS_URL: url = '', PROJECT_NAME: projectName = '' } = process.env;
const store = openRedis(url, OPERATION_TIMEOUT_MS);

let saves: (() => Promise<unknown>)[] = [];

const load = async (key: string, names: readonly string[]): Promise<void> => {
  saves = await Promise.all(
    names.map(async (name) => {
      const settings = sessionSettings({ projectName, operationTimeoutMs: OPERATION_TIMEOUT_MS });
      const service = new SessionService(store, settings, systemClock);
      const session = await service.load(key);
      return () => {
        session.set(name, name);
        return service.commit(session);
      };
    }),
  );
};

process.on('message', (order: Order) => {
  const work =
    order.kind === 'load' ? load(order.key, order.names) : Promise.all(saves.map((save) => save()));
  void work.then(() => process.send?.('done'));
});
process.on('disconnect', () => void store.close());
void store.connect().then(() => process.send?.('done'));
