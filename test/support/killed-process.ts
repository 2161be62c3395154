import { once } from 'node:events';
import { systemClock } from '../../lib/common/clock.js';
import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedis } from './stores.js';
import { sessionSettings } from './sessions.js';

/** What a process does until it is killed. */
interface Task {
  readonly url: string;
  readonly projectName: string;
  readonly deed: 'signIn' | 'cycleKey' | 'endOfUser';
  readonly userId: string;
  /** Of a session of the user. */
  readonly key: string;
  /** How many verbs of the store it may carry out. */
  readonly steps: number;
  /** After how many of them it waits for a line of its parent. */
  readonly waitsAt?: number;
}

const { url, projectName, deed, userId, key, steps, waitsAt } = JSON.parse(process.env['TASK']!) as Task;
const redis = openRedis(url);
let done = 0;

/** Lets the parent do what it has to do in between. */
const parent = async (): Promise<void> => {
  process.stdout.write('waiting\n');
  await once(process.stdin, 'data');
};

const store = new Proxy<KeyValueStore>(redis, {
  get: (target, verb) => {
    const member = Reflect.get(target, verb) as (...args: unknown[]) => unknown;
    return async (...args: unknown[]): Promise<unknown> => {
      const step = done++;
      if (step === waitsAt) await parent();
      if (step === steps) process.kill(process.pid, 'SIGKILL');
      return Reflect.apply(member, target, args);
    };
  },
});

const service = new SessionService(redis, sessionSettings({ projectName }), systemClock);
const deeds = {
  signIn: async (killed: SessionService): Promise<unknown> => {
    const session = killed.open();
    await session.signIn(userId);
    return killed.commit(session);
  },
  cycleKey: (killed: SessionService): Promise<unknown> =>
    service.load(key).then((session) => killed.cycleKey(session)),
  endOfUser: (killed: SessionService): Promise<unknown> => killed.endOfUser(userId),
};

await redis.connect();
await deeds[deed](new SessionService(store, sessionSettings({ projectName }), systemClock)).catch(
  (error: unknown) => {
    // the parent may have ended the session
    if (!(error instanceof SessionInterruptedError)) throw error;
  },
);
await redis.close();
