import { Controller, type ExecutionContext, Get, Inject, Post } from '@nestjs/common';
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';
import { ClsModule, ClsService } from 'nestjs-cls';
import { Session } from 'nestjs-codex-redis';
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
