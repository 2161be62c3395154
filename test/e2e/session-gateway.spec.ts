import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, UseFilters } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';

interface Visitor {
  name: string;
  messages: number;
}

@Catch()
class Telling implements ExceptionFilter<Error> {
  catch({ message }: Error, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<WebSocket>();
    client.send(JSON.stringify({ event: 'failed', data: message }));
  }
}

@WebSocketGateway()
class ChatGateway {
  readonly #sessions = new Map<object, Promise<Session<Visitor>>>();

  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  handleConnection(client: object, handshake: IncomingMessage): void {
    this.#sessions.set(client, this.sessions.loadFromCookieHeader<Visitor>(handshake.headers.cookie));
  }

  @SubscribeMessage('say')
  async say(@ConnectedSocket() client: object, @MessageBody() text: string): Promise<object> {
    const session = (await this.#sessions.get(client))!;
    if (session.isNew) return { event: 'refused', data: 'log in first' };
    session.messages = (session.messages ?? 0) + 1;
    await session.save();
    return { event: 'said', data: `${session.name}: ${text}` };
  }

  @UseFilters(new Telling())
  @SubscribeMessage('wrong')
  wrong(@Session() session: Session): unknown {
    return session['n'];
  }
}

describe.each(PLATFORMS)('a WebSocket gateway on %s', (platform) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(platform, {
      providers: [ChatGateway],
      prepare: (nest) => void nest.useWebSocketAdapter(new WsAdapter(nest)),
    });
  });

  afterAll(() => app.close());

  const say = async (event: string, cookie?: string): Promise<unknown> => {
    const socket = new WebSocket(`ws://127.0.0.1:${app.port}`, {
      headers: { ...(cookie !== undefined && { Cookie: `other=1; sessionid=${cookie}` }) },
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ event, data: 'hello' }));
    const [message] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    await once(socket, 'close');
    return JSON.parse(message.toString());
  };

  it('H7 finds the session of the handshake, and saves it when told to', async () => {
    const session = await app.sessions.create<Visitor>();
    session.name = 'Ada';
    await session.save();
    const key = session.key!;
    expect(await say('say', key)).toEqual({ event: 'said', data: 'Ada: hello' });
    expect(await say('say', key)).toEqual({ event: 'said', data: 'Ada: hello' });
    expect((await app.stored())[key]).toEqual({ name: 'Ada', messages: 2 });
  });

  it.each([undefined, 'abc', 'stale0stale0stale0stale0stale0st'])(
    'H7 the handshake with the cookie %j has an empty session, which is not stored',
    async (cookie) => {
      const before = await app.stored();
      expect(await say('say', cookie)).toEqual({ event: 'refused', data: 'log in first' });
      expect(await app.stored()).toEqual(before);
    },
  );

  it('H6 asking for the session of a message is refused', async () => {
    const { event, data } = (await say('wrong')) as Record<string, string>;
    expect(event).toBe('failed');
    expect(data).toMatch(/^ChatGateway\.wrong has no session: mark its gateway with @UseSession\(\)/);
  });
});
