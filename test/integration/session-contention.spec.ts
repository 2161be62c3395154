import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { SessionService } from '../../lib/session/session.service.js';
import { systemClock } from '../../lib/common/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { bundledProgram } from '../support/bundled-program.js';
import { CommandStats } from '../support/command-stats.js';
import { RedisServer } from '../support/redis-server.js';
import type { Order } from '../support/session-writers.js';
import { sessionSettings, storeSession } from '../support/sessions.js';
import { openRedis } from '../support/stores.js';

const PROCESSES = 4;
const ROUNDS = 10;
const MOST_SCRIPTS_A_SAVE = 6;

const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));

describe('A session that several processes write', () => {
  const projectName = `test-${randomUUID()}`;
  let server: RedisServer;
  let stats: CommandStats;
  let store: KeyValueStore;
  let sessions: SessionService;
  let processes: readonly ChildProcess[];
  let ends: readonly Promise<unknown[]>[];

  beforeAll(async () => {
    server = await RedisServer.start();
    stats = await CommandStats.of(server.url);
    store = openRedis(server.url);
    sessions = new SessionService(store, sessionSettings({ projectName }), systemClock);
    const program = await bundledProgram('session-writers');
    processes = Array.from({ length: PROCESSES }, () =>
      fork(program, {
        env: { ...process.env, NODE_OPTIONS: '', REDIS_URL: server.url, PROJECT_NAME: projectName },
        execArgv: [],
      }),
    );
    ends = processes.map((child) => once(child, 'exit'));
    await Promise.all(processes.map(done));
  }, 120_000);

  afterAll(async () => {
    for (const child of processes) child.disconnect();
    await Promise.all(ends);
    await store.close();
    stats.close();
    await server.stop();
  });

  const done = async (child: ChildProcess, at: number): Promise<void> => {
    const [word] = (await Promise.race([once(child, 'message'), ends[at]!])) as unknown[];
    if (word !== 'done') throw new Error(`A process of writers ended with ${String(word)}`);
  };

  const tellAll = async (orderOf: (process: number) => Order): Promise<void> => {
    await Promise.all(
      processes.map((child, index) => {
        const answered = done(child, index);
        child.send(orderOf(index));
        return answered;
      }),
    );
  };

  it('SE32 26 writers in four processes keep all 26 entries, with at most 6 scripts for each save', async () => {
    let scripts = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const key = await storeSession(sessions, {});
      await tellAll((at) => ({
        kind: 'load',
        key,
        names: letters.filter((_, index) => index % PROCESSES === at),
      }));
      const { evalsha = 0 } = await stats.during(() => tellAll(() => ({ kind: 'save' })));
      scripts += evalsha;
      const stored = await sessions.load(key);
      expect(Object.keys(stored).sort()).toEqual(letters);
    }
    expect(scripts).toBeGreaterThan(ROUNDS * letters.length);
    expect(scripts / (ROUNDS * letters.length)).toBeLessThanOrEqual(MOST_SCRIPTS_A_SAVE);
  }, 120_000);
});
