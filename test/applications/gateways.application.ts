import { Controller, Inject, Post } from '@nestjs/common';
import fastifyWebsocket from '@fastify/websocket';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { Session, SessionService } from 'nestjs-codex-redis';
import { PLATFORMS, startFastify, startOn } from './support/application.js';

@Controller()
class AccountController {
  @Post('login') login(@Session() session: Session<{ user: string }>): void {
    session.user = 'ada';
  }
}

@WebSocketGateway()
class SocketIoGateway {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @SubscribeMessage('who') async who(
    @ConnectedSocket() socket: { handshake: { headers: { cookie?: string } } },
  ): Promise<string> {
    const session = await this.sessions.loadFromCookieHeader<{ user: string }>(
      socket.handshake.headers.cookie,
    );
    return session.user ?? 'nobody';
  }
}

@WebSocketGateway()
class WsGateway {
  readonly #cookies = new WeakMap<object, string | undefined>();

  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  handleConnection(socket: object, request: { headers: { cookie?: string } }): void {
    this.#cookies.set(socket, request.headers.cookie);
  }

  @SubscribeMessage('who') async who(
    @ConnectedSocket() socket: object,
    @MessageBody() greeting: string,
  ): Promise<object> {
    const session = await this.sessions.loadFromCookieHeader<{ user: string }>(this.#cookies.get(socket));
    return { event: 'who', data: `${greeting} ${session.user ?? 'nobody'}` };
  }
}

for (const platform of PLATFORMS)
  describe(`gateways on ${platform}`, () => {
    it('H7 SE25 a socket.io gateway finds the session of its handshake', async () => {
      const { url, visitor: visit } = await startOn(platform, {
        controllers: [AccountController],
        providers: [SocketIoGateway],
        main: (app) => void app.useWebSocketAdapter(new IoAdapter(app)),
      });
      const visitor = visit();
      await visitor.post('/login');
      for (const [cookie, user] of [
        [visitor.cookieHeader, 'ada'],
        ['', 'nobody'],
      ] as const) {
        const socket = io(url, { transports: ['websocket'], extraHeaders: { cookie } });
        assert.equal(await socket.emitWithAck('who'), user);
        socket.disconnect();
      }
    });

    it('H7 SE25 a ws gateway finds the session of its handshake', async () => {
      const { url, visitor: visit } = await startOn(platform, {
        controllers: [AccountController],
        providers: [WsGateway],
        main: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
      });
      const visitor = visit();
      await visitor.post('/login');
      const socket = new WebSocket(url.replace('http', 'ws'), { headers: { cookie: visitor.cookieHeader } });
      await once(socket, 'open');
      socket.send(JSON.stringify({ event: 'who', data: 'hello' }));
      const [message] = (await once(socket, 'message')) as [Buffer];
      assert.deepEqual(JSON.parse(message.toString()), { event: 'who', data: 'hello ada' });
      socket.close();
      await once(socket, 'close');
    });
  });

describe('@fastify/websocket', () => {
  it('SE9 a route reads the session of its handshake, and cannot write what would be lost', async () => {
    const { url, visitor: visit } = await startFastify({
      controllers: [AccountController],
      main: async (app) => {
        const fastify = app.getHttpAdapter().getInstance();
        await fastify.register(fastifyWebsocket);
        fastify.get('/socket', { websocket: true }, (socket, { session }) => {
          socket.on('message', () => {
            const own = session as unknown as Session<{ user: string }>;
            try {
              own.user = 'mallory';
            } catch (error) {
              socket.send(`${own.user}: ${String(error)}`);
            }
          });
        });
      },
    });
    const visitor = visit();
    await visitor.post('/login');
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`, {
      headers: { cookie: visitor.cookieHeader },
    });
    await once(socket, 'open');
    socket.send('who');
    const [message] = (await once(socket, 'message')) as [Buffer];
    assert.match(message.toString(), /^ada: SessionStateError: The session of a WebSocket is read-only/);
    socket.close();
    await once(socket, 'close');
  });
});
