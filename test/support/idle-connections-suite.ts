import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import type { RedisSource } from '../../lib/config/settings.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { bundledProgram } from './bundled-program.js';
import { finishLoading, pauseClients, reload } from './episodes.js';
import type { ProxiedTopology } from './proxied-topologies.js';
import { RedisAdmin, until } from './redis-admin.js';
import type { RedisServer } from './redis-server.js';
import type { Way } from './lonely-process.js';
import { settle, verbs } from './settle.js';
import { openSource } from './stores.js';

type SentinelSource = Extract<RedisSource, { kind: 'sentinel' }>;

const DEADLINE_MS = 2000;
/** More than a tenth of the deadline, and far less than half of it. */
const SLOW_MS = 350;

/** Larger than what systems buffer. */
const LONG = 'x'.repeat(24_000_000);

/** What holds of connections on which nothing moves, on one kind of topology. */
export const describeIdleConnections = (name: string, start: () => Promise<ProxiedTopology>): void => {
  describe(`connections on which nothing moves: ${name}`, () => {
    const busy = new RedisAdmin();
    const lines: unknown[] = [];
    const note = (line: unknown): number => lines.push(line);
    const logger: LoggerService = { log: note, warn: note, error: note };
    let topology: ProxiedTopology;
    let store: KeyValueStore;
    let prefix: string;
    /** One on each master. */
    let keys: string[];

    beforeAll(async () => {
      topology = await start();
    });

    afterAll(async () => {
      busy.close();
      await topology.stop();
    });

    beforeEach(async () => {
      Logger.overrideLogger(false);
      lines.length = 0;
      prefix = `test-${randomUUID()}`;
      keys = await Promise.all(topology.masters.map((master) => topology.keyOn(master, prefix)));
      store = openSource(topology.source, DEADLINE_MS);
      await store.connect();
      await Promise.all(keys.map((key) => store.set(key, '1', 60_000)));
    });

    afterEach(async () => {
      jest.restoreAllMocks();
      for (const proxy of topology.allProxies) proxy.delay(0);
      await store.close();
      await Promise.all(topology.masters.map((master) => topology.command(master, 'FLUSHALL')));
    });

    /** Moves the clock that says how long nothing has moved; no timer of a connection runs meanwhile. */
    const aSecondLater = (): void => {
      const now = Date.now.bind(Date);
      jest.spyOn(Date, 'now').mockImplementation(() => now() + 1001);
    };

    /** The PINGs that pass while the work is done. Sentinels send some of their own, past the proxies. */
    const pingsDuring = async (work: () => Promise<unknown>): Promise<number> => {
      let text = '';
      for (const proxy of topology.proxies) proxy.onRequest = (bytes) => (text += String(bytes));
      await work();
      for (const proxy of topology.proxies) proxy.onRequest = () => undefined;
      return text.split('\r\nPING\r\n').length - 1;
    };

    const accepted = (): number => topology.proxies.reduce((sum, proxy) => sum + proxy.accepted, 0);

    const readAll = (): Promise<(string | null)[]> => Promise.all(keys.map((key) => store.get(key)));

    const onEachMaster = (work: (master: RedisServer) => Promise<unknown>): Promise<unknown[]> =>
      Promise.all(topology.masters.map(work));

    it('CN11 a connection that was lost without notice costs no call: every verb, each executed once', async () => {
      for (const proxy of topology.allProxies) proxy.forget();
      aSecondLater();
      const calls = [
        ...verbs(store, prefix),
        ...keys.flatMap((key) => Array.from({ length: 20 }, () => () => store.incrementIfPresent(key, 1))),
      ];
      const results = await Promise.all(calls.map(settle));

      expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined));
      expect(await readAll()).toEqual(keys.map(() => '21'));
    });

    it('CN11 the commands after a pause wait for the answer to one PING, and those after no pause for none', async () => {
      await expect(pingsDuring(readAll)).resolves.toBe(0);
      aSecondLater();
      const many = (): Promise<unknown> => Promise.all(Array.from({ length: 50 }, readAll));

      await expect(pingsDuring(many)).resolves.toBe(keys.length);
      await expect(pingsDuring(many)).resolves.toBe(0);
    });

    it('CN11 keeps the order of the calls that wait, and of those that come meanwhile', async () => {
      aSecondLater();
      const [key] = keys as [string];
      const first = [store.set(key, 'a', 60_000), store.get(key)];
      await new Promise(setImmediate);
      const second = [store.set(key, 'b', 60_000), store.get(key), store.delete(key), store.has(key)];

      expect(await Promise.all([...first, ...second])).toEqual([undefined, 'a', undefined, 'b', true, false]);
    });

    it('CN11 waits as long as a slow network takes, and keeps its connections', async () => {
      for (const proxy of topology.proxies) proxy.delay(SLOW_MS);
      await readAll();
      const before = accepted();
      aSecondLater();

      await expect(readAll()).resolves.toEqual(keys.map(() => '1'));
      expect(accepted()).toBe(before);
    });

    it('CN11 does not wait longer for a connection that is gone', async () => {
      for (const proxy of topology.proxies) proxy.forget();
      const before = accepted();
      aSecondLater();
      await readAll();

      expect(accepted()).toBe(before + keys.length);
    });

    it('CN11 takes BUSY for a sign of life', async () => {
      await onEachMaster((master) => topology.command(master, 'CONFIG', 'SET', 'busy-reply-threshold', '10'));
      const running = onEachMaster((master) =>
        busy.command(master.port, 'EVAL', 'while true do end', '0').catch(() => undefined),
      );
      try {
        await onEachMaster((master) =>
          until('it says BUSY', async () => {
            const reply = topology.command(master, 'PING');
            return reply.then(
              () => false,
              (error: unknown) => String(error).includes('BUSY'),
            );
          }),
        );
        const before = accepted();
        aSecondLater();
        const results = await Promise.all(keys.map((key) => settle(() => store.get(key))));

        for (const { error } of results) expect(error).toHaveProperty('replyCode', 'BUSY');
        expect(accepted()).toBe(before);
      } finally {
        await onEachMaster((master) => topology.command(master, 'SCRIPT', 'KILL'));
        await running;
      }
    });

    it('CN11 takes LOADING for a sign of life', async () => {
      const [master] = topology.masters as [RedisServer];
      const [key] = keys as [string];
      const { end } = await reload((...args) => topology.command(master, ...args), 30_000);
      await until('it is loading', async () => (await settle(() => store.get(key))).error !== undefined);
      const before = accepted();
      aSecondLater();
      const { error } = await settle(() => store.get(key));

      expect(error).toHaveProperty('replyCode', 'LOADING');
      expect(accepted()).toBe(before);
      await finishLoading((...args) => busy.command(master.port, ...args));
      await end;
    });

    it('CN11 replaces an idle connection that the server closes without a warning', async () => {
      Logger.overrideLogger(logger);
      const before = topology.proxies.map((proxy) => proxy.accepted);
      aSecondLater();
      // as `timeout` does, but once: a second time could meet the new connection while it is greeted
      await onEachMaster((master) =>
        topology.command(master, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
      );
      await until('all are replaced', () =>
        Promise.resolve(topology.proxies.every((proxy, n) => proxy.accepted > before[n]!)),
      );

      await expect(readAll()).resolves.toEqual(keys.map(() => '1'));
      expect(lines).toEqual([]);
    });

    it('CN12 takes a long request that keeps leaving on a slow link for progress', async () => {
      const impatient = openSource(topology.source, 1000);
      await impatient.connect();
      // longer than the deadline; what has left for the buffers of the system, which nobody sees, takes less
      for (const proxy of topology.proxies) proxy.slowRequestsDown(LONG.length / 1.5);
      const results = await Promise.all(keys.map((key) => settle(() => impatient.set(key, LONG, 60_000))));
      for (const proxy of topology.proxies) proxy.slowRequestsDown(Infinity);

      expect(results.map(({ error }) => error)).toEqual(keys.map(() => undefined));
      await impatient.close();
      await expect(readAll()).resolves.toEqual(keys.map(() => LONG));
    });

    /** The options of the module for the same Redis. */
    const options = (): object => {
      const { source } = topology;
      if (source.kind === 'url') return { url: source.url };
      return source.kind === 'cluster'
        ? { cluster: source.options }
        : { sentinel: (source as SentinelSource).options };
    };

    const startLonely = async (way: Way, operationTimeoutMs = 20_000): Promise<ChildProcess> =>
      spawn(process.execPath, [await bundledProgram('lonely-process')], {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          WAY: way,
          OPTIONS: JSON.stringify({ ...options(), operationTimeoutMs }),
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      });

    const ended = async (child: ChildProcess, output = ''): Promise<string> => {
      child.stdout!.on('data', (bytes) => (output += String(bytes)));
      await once(child, 'exit');
      expect(child.exitCode).toBe(0);
      return output;
    };

    it.each<Way>(['a start that fails elsewhere', 'a module that is loaded lazily'])(
      'CN9 does not keep a process alive: %s',
      async (way) => {
        await expect(ended(await startLonely(way))).resolves.toBe('used: nothing\n');
      },
      60_000,
    );

    it('CN9 keeps a process alive while a command is in flight, and no longer: a forgotten close()', async () => {
      const child = await startLonely('a forgotten close()');
      await once(child.stdout!, 'data');
      await onEachMaster((master) => pauseClients((...args) => topology.command(master, ...args), 700));
      child.stdin!.write('\n');

      await expect(ended(child)).resolves.toBe('used: nothing\n');
    }, 60_000);

    it('CN11 serves the first call of a process that was frozen while the network forgot its ways', async () => {
      const child = await startLonely('a forgotten close()', 5000);
      await once(child.stdout!, 'data');
      child.kill('SIGSTOP');
      for (const proxy of topology.allProxies) proxy.forget();
      await pause(1100);
      child.kill('SIGCONT');
      child.stdin!.write('\n');

      await expect(ended(child)).resolves.toBe('used: nothing\n');
    }, 60_000);
  });
};
