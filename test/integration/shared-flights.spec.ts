import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { AskingProcess } from '../support/asking-process.js';
import { until } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedis } from '../support/stores.js';

const CALLERS = 250;

describe('Shared flights of real processes', () => {
  let server: RedisServer;
  let store: KeyValueStore;
  let started: AskingProcess[];
  let key: string;
  let keys = 0;

  const start = async (count: number): Promise<AskingProcess[]> => {
    const more = await Promise.all(Array.from({ length: count }, () => AskingProcess.start(server.url)));
    started.push(...more);
    return more;
  };

  beforeAll(async () => {
    server = await RedisServer.start();
    store = openRedis(server.url);
  });

  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  beforeEach(() => {
    started = [];
    key = `k${++keys}`;
  });

  afterEach(() => Promise.all(started.map((process) => process.end())), 60_000);

  const stored = (): Promise<string | null> => store.get(`app:1:${key}`);

  /** A process whose factory runs, on behalf of some callers. */
  const running = async (process: AskingProcess, callers = 10): Promise<void> => {
    process.tell({ kind: 'ask', key, callers });
    await process.next('runs');
  };

  /** A process whose callers wait for another one. */
  const waiting = async (process: AskingProcess, callers = 10): Promise<void> => {
    process.tell({ kind: 'ask', key, callers });
    await process.next('asked');
  };

  it('RT16 four processes of 250 callers each, and a cold key: one run', async () => {
    const processes = await start(4);
    for (const process of processes) process.tell({ kind: 'ask', key, callers: CALLERS });
    await Promise.all(processes.map((process) => process.next('asked')));
    const owner = await Promise.race(processes.map((process) => process.next('runs').then(() => process)));
    owner.tell({ kind: 'open', value: 'made' });
    const given = await Promise.all(processes.map((process) => process.next('given')));
    expect(given.map(({ values }) => values)).toEqual(processes.map(() => ['made']));
    expect(processes.map((process) => process.count('runs')).sort()).toEqual([0, 0, 0, 1]);
    expect(await stored()).toBe('"made"');
    expect(await store.has(`app:lease:{app:1:${key}}`)).toBe(false);
  }, 120_000);

  it('RT17 an owner that is killed: another takes over, and nobody waits for the dead one', async () => {
    const [owner, second, third] = (await start(3)) as [AskingProcess, AskingProcess, AskingProcess];
    await running(owner);
    await Promise.all([waiting(second), waiting(third)]);
    owner.signal('SIGKILL');
    const next = await Promise.race([second, third].map((one) => one.next('runs').then(() => one)));
    next.tell({ kind: 'open', value: 'taken over' });
    for (const process of [second, third])
      expect(await process.next('given')).toEqual({ kind: 'given', values: ['taken over'] });
    expect(second.count('runs') + third.count('runs')).toBe(1);
    expect(await stored()).toBe('"taken over"');
  }, 120_000);

  it('RT17 a lease that ends under a factory whose process stands still: what that makes is not stored', async () => {
    const [owner, other] = (await start(2)) as [AskingProcess, AskingProcess];
    await running(owner);
    await waiting(other);
    owner.signal('SIGSTOP');
    await other.next('runs');
    owner.signal('SIGCONT');
    owner.tell({ kind: 'open', value: 'late' });
    expect(await owner.next('given')).toEqual({ kind: 'given', values: ['late'] });
    expect(await stored()).toBeNull();
    other.tell({ kind: 'open', value: 'taken over' });
    expect(await other.next('given')).toEqual({ kind: 'given', values: ['taken over'] });
    expect(await stored()).toBe('"taken over"');
  }, 120_000);

  it('RT18 a delete in a third process during the run: its value is given, and not stored', async () => {
    const [owner, waiter, third] = (await start(3)) as [AskingProcess, AskingProcess, AskingProcess];
    await running(owner);
    await waiting(waiter);
    third.tell({ kind: 'delete', key });
    await third.next('deleted');
    await waiter.next('runs');
    owner.tell({ kind: 'open', value: 'old' });
    expect(await owner.next('given')).toEqual({ kind: 'given', values: ['old'] });
    expect(await stored()).toBeNull();
    waiter.tell({ kind: 'open', value: 'new' });
    expect(await waiter.next('given')).toEqual({ kind: 'given', values: ['new'] });
    await until('the value stands', async () => (await stored()) === '"new"');
  }, 120_000);
});
