import { jest } from '@jest/globals';
import { Controller, Inject, Post } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { io, type Socket } from 'socket.io-client';
import WebSocket from 'ws';
import { SessionStateError } from '../../lib/errors/session.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { UseSession } from '../../lib/session-http/nest/session-use.decorator.js';
import type { SessionEvent } from '../../lib/session/stored/session-events.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CommandStats } from '../support/command-stats.js';
import {
  COOKIE,
  PLATFORMS,
  type PlatformName,
  SECRET_KEY,
  startApp,
  type TestApp,
} from '../support/http-app.js';
import { until } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { storeWith } from '../support/sessions.js';
import { TestClock } from '../../lib/testing/test-clock.js';

interface Visitor {
  name: string;
}

type Raw = { request?: IncomingMessage & { session?: Session<Visitor> } };

/** What handlers were given. */
const handled: string[] = [];

@UseSession()
@WebSocketGateway()
class ChatGateway {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  handleConnection(client: Raw, request = client.request): void {
    handled.push(`hello ${request?.session?.get('name') ?? 'nobody'}`);
  }

  @SubscribeMessage('say')
  say(@Session() session: Session<Visitor>, @MessageBody() text: string): object {
    handled.push(text);
    return { event: 'said', data: `${session.name ?? 'nobody'}: ${text}` };
  }

  @SubscribeMessage('write')
  async write(@Session() session: Session<Visitor>): Promise<object> {
    let refusal: unknown;
    try {
      session.name = 'Eve';
    } catch (error) {
      refusal = error;
    }
    const own = await this.sessions.load<Visitor>(session.key ?? '');
    own.name = 'Grace';
    await own.save();
    return { event: 'wrote', data: refusal instanceof SessionStateError ? refusal.message : 'written' };
  }
}

@WebSocketGateway({ path: '/plain' })
class PlainGateway {
  @SubscribeMessage('say')
  say(): object {
    return { event: 'said', data: 'anything' };
  }
}

/** Its sockets are there to be closed. */
@UseSession()
@WebSocketGateway({ path: '/quiet' })
class QuietGateway {}

@Controller()
class AccountController {
  @Post('logout') logout(@Session() session: Session): Promise<void> {
    return session.flush();
  }

  @Post('rotate') rotate(@Session() session: Session): Promise<void> {
    return session.cycleKey();
  }
}

/** A client of either library. */
interface Client {
  ask(event: string, data: string): Promise<unknown>;
  closed(): Promise<void>;
  isOpen(): boolean;
  end(): void;
}

const overWs = async (port: number, key: string | undefined, path = '/'): Promise<Client> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: key === undefined ? {} : { Cookie: `${COOKIE}=${key}` },
  });
  await once(socket, 'open');
  return {
    ask: async (event, data) => {
      socket.send(JSON.stringify({ event, data }));
      const [answer] = (await once(socket, 'message')) as [Buffer];
      return (JSON.parse(String(answer)) as { data: unknown }).data;
    },
    closed: async () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
      expect([code, String(reason)]).toEqual([1008, 'The session has ended']);
    },
    isOpen: () => socket.readyState === WebSocket.OPEN,
    end: () => socket.terminate(),
  };
};

const overSocketIo = async (port: number, key: string | undefined, path = '/socket.io'): Promise<Client> => {
  const socket: Socket = io(`http://127.0.0.1:${port}`, {
    path,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: key === undefined ? {} : { cookie: `${COOKIE}=${key}` },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return {
    ask: (event, data) =>
      new Promise((resolve) => {
        socket.once(event === 'say' ? 'said' : 'wrote', resolve);
        socket.emit(event, data);
      }),
    closed: async () => {
      if (socket.connected) await new Promise((resolve) => socket.once('disconnect', resolve));
    },
    isOpen: () => socket.connected,
    end: () => socket.disconnect(),
  };
};

const LIBRARIES = [
  ['ws', (app: TestApp['app']) => new WsAdapter(app), overWs],
  ['socket.io', (app: TestApp['app']) => new IoAdapter(app), overSocketIo],
] as const;

const cases = PLATFORMS.flatMap((platform) => LIBRARIES.map((library) => [platform, ...library] as const));

describe.each(cases)('US14 gateways with sessions, %s, %s', (platform, library, adapter, connect) => {
  const clock = new TestClock();
  const projectName = `test-${randomUUID()}`;
  const clients: Client[] = [];
  let server: RedisServer;
  let stats: CommandStats;
  /** Two processes: each has its own connections. */
  let here: TestApp;
  let there: TestApp;
  /** What the second has published is lost. */
  let isLost = false;
  let intervals: jest.SpiedFunction<typeof setInterval>;

  const start = (on: PlatformName, wrapStore?: (store: KeyValueStore) => KeyValueStore): Promise<TestApp> =>
    startApp(on, {
      url: server.url,
      clock,
      options: { projectName, secretKey: SECRET_KEY },
      session: { broadcastEvents: true },
      controllers: [AccountController],
      providers: [ChatGateway, PlainGateway, QuietGateway],
      prepare: (nest) => void nest.useWebSocketAdapter(adapter(nest)),
      ...(wrapStore && { wrapStore }),
    });

  beforeAll(async () => {
    server = await RedisServer.start();
    stats = await CommandStats.of(server.url);
    intervals = jest.spyOn(globalThis, 'setInterval');
    here = await start(platform);
    there = await start(platform, (store) =>
      storeWith(store, {
        publish: (channel, message) => (isLost ? Promise.resolve() : store.publish(channel, message)),
      }),
    );
    await until('both listen', async () => {
      const [, count] = await stats.client.sendCommand<[string, number]>([
        'PUBSUB',
        'NUMSUB',
        `${projectName}:session:ended`,
      ]);
      return count === 2;
    });
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    stats.close();
    await Promise.all([here.close(), there.app.close()]);
    await server.stop();
  });

  beforeEach(() => {
    isLost = false;
    handled.length = 0;
  });

  afterEach(() => clients.splice(0).forEach((client) => client.end()));

  const open = async (key?: string, path?: string): Promise<Client> => {
    const client = await connect(here.port, key, path);
    clients.push(client);
    return client;
  };

  const visitor = async (userId?: string): Promise<string> => {
    const session = here.sessions.open<Visitor>();
    session.name = 'Ada';
    if (userId !== undefined) await session.signIn(userId);
    await here.sessions.save(session);
    return session.key!;
  };

  /** What is done once a minute. */
  const aMinuteLater = (): void => {
    // the latest one is the only one that goes on
    intervals.mock.calls.findLast(([, ms]) => ms === 60_000)?.[0]();
  };

  const post = (app: TestApp, path: string, key: string): Promise<unknown> =>
    app.send(path, { method: 'POST', headers: { Cookie: `${COOKIE}=${key}` } });

  it('has the session of its handshake, which is read only', async () => {
    const key = await visitor();
    const client = await open(key);
    expect(handled).toEqual(['hello Ada']);
    expect(await client.ask('say', 'hi')).toBe('Ada: hi');
    expect(await client.ask('write', '')).toMatch('read-only');
    expect((await here.stored())[key]).toEqual({ name: 'Grace' });
    expect(await (await open()).ask('say', 'hi')).toBe('nobody: hi');
    expect(await (await open('stale0stale0stale0stale0stale0st')).ask('say', 'hi')).toBe('nobody: hi');
  });

  const endings: Record<string, (app: TestApp, key: string) => Promise<unknown>> = {
    'a logout': (app, key) => post(app, '/logout', key),
    'a new key': (app, key) => post(app, '/rotate', key),
    'endOfUser()': (app) => app.sessions.endOfUser('7'),
    'endOne()': async (app) => {
      const [session] = await app.sessions.ofUser('7');
      return app.sessions.endOne('7', session!.handle);
    },
    'delete()': (app, key) => app.sessions.delete(key),
  };

  it.each(Object.keys(endings))(
    'is closed by %s, in this process and in another one, and when that was not heard of',
    async (name) => {
      for (const from of ['here', 'there', 'unheard'] as const) {
        const [key, other] = [await visitor('7'), await visitor()];
        const [client, bystander] = [await open(key), await open(other)];
        isLost = from === 'unheard';
        await endings[name]!(from === 'here' ? here : there, key);
        if (from === 'unheard') {
          expect(await client.ask('say', 'still here')).toBe('Ada: still here');
          aMinuteLater();
        }
        await client.closed();
        expect(await bystander.ask('say', 'hi')).toBe('Ada: hi');
        await here.sessions.endOfUser('7');
      }
    },
  );

  it('is closed on a gateway without a handler too', async () => {
    const key = await visitor();
    const client = await open(key, '/quiet');
    await there.sessions.delete(key);
    await client.closed();
  });

  it('is closed when its session has expired, or Django has deleted it', async () => {
    const [key, expired] = [await visitor(), await visitor()];
    const clients = [await open(key), await open(expired)];
    await here.store.delete(here.storeKey(key));
    const session = await here.sessions.load(expired);
    session.setExpiry(new Date(clock.now() + 60_000));
    await session.save();
    aMinuteLater();
    await clients[0]!.closed();
    expect(clients[1]!.isOpen()).toBe(true);
    clock.advance(60_001);
    // whatever the TTL in Redis is
    aMinuteLater();
    await clients[1]!.closed();
  });

  it('handles nothing that comes after', async () => {
    const key = await visitor();
    const client = await open(key);
    await here.sessions.delete(key);
    void client.ask('say', 'too late').catch(() => undefined);
    await client.closed();
    expect(handled).not.toContain('too late');
  });

  it('costs one look per minute and process, none without sockets, and nothing on other gateways', async () => {
    // the sockets of the tests before are closed by now or soon
    await until('all are gone', async () => {
      const { mget } = await stats.during(async () => {
        aMinuteLater();
        await here.sessions.exists('e'.repeat(32));
      });
      return mget === undefined;
    });
    const key = await visitor();
    const counts = await stats.during(async () => {
      const plain = await open(key, '/plain');
      expect(await plain.ask('say', 'hi')).toBe('anything');
    });
    expect(counts['get'] ?? 0).toBe(0);
    const [one, two] = [await visitor(), await visitor()];
    expect((await stats.during(() => open(one))).get).toBe(1);
    await open(one);
    await open(two);
    const looked = await stats.during(async () => {
      aMinuteLater();
      await here.sessions.exists(one);
    });
    expect(looked['mget']).toBe(1);
  });

  it('tells listeners in every process, once, and shows no key', async () => {
    const events: SessionEvent[][] = [[], []];
    const own: SessionEvent[] = [];
    const stops = [here, there].map((app, i) =>
      app.sessions.events.on('ended', (event) => events[i]!.push(event)),
    );
    stops.push(here.sessions.events.on('flushed', (event) => own.push(event)));
    stops.push(there.sessions.events.on('cycled', (event) => own.push(event)));
    const published: string[] = [];
    const listener = await stats.client
      .duplicate()
      .on('error', () => undefined)
      .connect();
    await listener.subscribe(`${projectName}:session:ended`, (message) => published.push(message));
    const [key, moved] = [await visitor(), await visitor()];
    await post(here, '/logout', key);
    await post(there, '/rotate', moved);
    const [flushed, cycled] = own;
    const endings = [
      { name: 'session.ended', session: flushed!.session },
      { name: 'session.ended', session: cycled!.previous, successor: cycled!.session },
    ];
    // what the tests before have ended may still arrive
    const ours = (heard: readonly SessionEvent[]): SessionEvent[] =>
      heard.filter(({ session }) => endings.some((ending) => ending.session === session));
    await until('all have heard', () =>
      Promise.resolve(events.every((heard) => ours(heard).length >= 2) && published.length >= 2),
    );
    for (const heard of events) {
      expect(ours(heard)).toHaveLength(2);
      expect(heard).toEqual(expect.arrayContaining(endings));
    }
    for (const shown of [JSON.stringify(events), published.join()])
      for (const secret of [key, moved]) expect(shown).not.toContain(secret);
    await stats.client.publish(`${projectName}:session:ended`, 'nonsense');
    stops.forEach((stop) => stop());
    listener.destroy();
  });

  it(`refuses a connection while ${library} cannot load its session`, async () => {
    const key = await visitor();
    const failing = await start(platform, (store) =>
      storeWith(store, { get: () => Promise.reject(new Error('down')) }),
    );
    await expect(connect(failing.port, key)).rejects.toThrow(/503|Service Unavailable/);
    await failing.app.close();
  });

  it('refuses a connection whose session ends while it is loaded, and survives a reset of its socket', async () => {
    const key = await visitor();
    let isOver = false;
    const late = await start(platform, (store) =>
      storeWith(store, {
        get: async (redisKey) => {
          const text = await store.get(redisKey);
          if (isOver || !redisKey.endsWith(key)) return text;
          isOver = true;
          await (await late.sessions.load(key)).flush();
          return text;
        },
      }),
    );
    const sockets: Duplex[] = [];
    const httpServer = late.app.getHttpServer() as Server;
    httpServer.prependListener('upgrade', (_request, socket) => sockets.push(socket));
    await expect(connect(late.port, key)).rejects.toThrow(/401|The session has ended/);
    expect(sockets).toHaveLength(1);
    expect(() => sockets[0]!.emit('error', new Error('read ECONNRESET'))).not.toThrow();
    await late.app.close();
  });
});
