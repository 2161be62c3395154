import { Controller, type ExecutionContext, Get, Inject, Post, UseInterceptors } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ClsInterceptor, ClsModule, ClsService } from 'nestjs-cls';
import { Session, UseSession } from 'nestjs-codex-redis';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { PLATFORMS, startOn } from './support/application.js';

@Controller()
class Home {
  constructor(@Inject(ClsService) private readonly cls: ClsService) {}

  @Post('login') login(@Session() session: Session<{ userId: number }>): void {
    session.userId = 42;
  }

  @Get('me') me(): string {
    return this.cls.isActive() ? String(this.cls.get('who')) : 'no context';
  }
}

const who = (request: { headers: Record<string, string> }): string | undefined => request.headers['x-who'];
const fromContext = (cls: ClsService, context: ExecutionContext): void =>
  cls.set('who', who(context.switchToHttp().getRequest()));

const WAYS = {
  guard: { guard: { mount: true, setup: fromContext } },
  interceptor: { interceptor: { mount: true, setup: fromContext } },
  middleware: {
    middleware: { mount: true, setup: (cls: ClsService, request: never) => cls.set('who', who(request)) },
  },
};

/** Asks on the agent's one connection. */
const asker =
  (url: string, agent: http.Agent | false) =>
  (
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<{ text: string; cookie: string }> =>
    new Promise((resolve, reject) => {
      const sent = http.request(new URL(path, url), { method, headers, agent }, (answer) => {
        let text = '';
        answer.on('data', (part: Buffer) => (text += part.toString()));
        answer.on('end', () =>
          resolve({ text, cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '' }),
        );
      });
      sent.on('error', reject).end();
    });

describe('nestjs-cls', () => {
  for (const platform of PLATFORMS)
    for (const [way, options] of Object.entries(WAYS))
      it(`SE4 SE25 its ${way} gives each handler the context of its own request on ${platform}`, async () => {
        const { url } = await startOn(platform, {
          controllers: [Home],
          imports: [ClsModule.forRoot({ global: true, ...options } as object)],
        });
        const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
        try {
          const { cookie } = await asker(url, false)('POST', '/login', {});
          assert.match(cookie, /^sid=/);
          const alone = await asker(url, false)('GET', '/me', { cookie, 'x-who': 'grace' });
          assert.equal(alone.text, 'grace');
          await asker(url, kept)('GET', '/me', { 'x-who': 'ada' });
          const afterAda = await asker(url, kept)('GET', '/me', { cookie, 'x-who': 'grace' });
          assert.equal(afterAda.text, 'grace');
        } finally {
          kept.destroy();
        }
      });
});

@UseSession()
@WebSocketGateway()
class Chat {
  constructor(@Inject(ClsService) private readonly cls: ClsService) {}

  @SubscribeMessage('who') async who(
    @Session() session: Session<{ userId: number }>,
  ): Promise<{ event: string; data: string }> {
    const before: unknown = this.cls.get('who');
    this.cls.set('who', session.userId ?? 'nobody');
    await setImmediate();
    return { event: 'who', data: `${String(before)} ${String(this.cls.get('who'))}` };
  }
}

@UseSession()
@UseInterceptors(ClsInterceptor)
@WebSocketGateway()
class DecoratedChat extends Chat {}

/** A gateway, and what `forRoot()` mounts. */
const IN_GATEWAYS = {
  'its interceptor on the gateway': [DecoratedChat, {}],
  'its mounted interceptor': [Chat, { interceptor: { mount: true } }],
  'its mounted guard': [Chat, { guard: { mount: true } }],
} as const;

const ADAPTERS = {
  'socket.io': {
    Adapter: IoAdapter,
    ask: async (url: string, cookie: string): Promise<string> => {
      const socket = io(url, { transports: ['websocket'], extraHeaders: { cookie }, forceNew: true });
      socket.emit('who');
      const [data] = await new Promise<[string]>((resolve) =>
        socket.on('who', (...args: [string]) => resolve(args)),
      );
      socket.disconnect();
      return data;
    },
  },
  ws: {
    Adapter: WsAdapter,
    ask: async (url: string, cookie: string): Promise<string> => {
      const socket = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } });
      await once(socket, 'open');
      socket.send(JSON.stringify({ event: 'who' }));
      const [message] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      await once(socket, 'close');
      return (JSON.parse(message.toString()) as { data: string }).data;
    },
  },
};

describe('nestjs-cls in a gateway with sessions', () => {
  for (const [name, { Adapter, ask }] of Object.entries(ADAPTERS))
    for (const [way, [Gateway, options]] of Object.entries(IN_GATEWAYS))
      it(`SE25 ${way} gives each message a context of its own with ${name}`, async () => {
        const { url, visitor: visit } = await startOn('express', {
          controllers: [Home],
          providers: [Gateway],
          imports: [ClsModule.forRoot({ global: true, ...options })],
          main: (app) => void app.useWebSocketAdapter(new Adapter(app)),
        });
        const visitor = visit();
        await visitor.post('/login');
        const answers = await Promise.all(['', visitor.cookieHeader, ''].map((cookie) => ask(url, cookie)));
        assert.deepEqual(answers, ['undefined nobody', 'undefined 42', 'undefined nobody']);
      });
});
