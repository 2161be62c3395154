import { Controller, Get, Req } from '@nestjs/common';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer } from '../support/http-request.js';
import { storeSession } from '../support/sessions.js';

let runs = 0;

interface Carrier {
  readonly session: Session<{ name: string }>;
  user?: string;
}

@Controller()
class PagesController {
  @CacheResponse({ timeout: 60 })
  @Get('read')
  read(@Session('name') name: string): string {
    return `${name} ${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('written')
  written(@Session() session: Session): string {
    session.set('seen', ++runs);
    return `${runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('user')
  user(@Req() request: Carrier): string {
    request.user = 'ada';
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('untouched')
  untouched(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60, scope: 'shared' })
  @Get('shared/read')
  sharedRead(@Session() session: Session): string {
    return `${session.has('name')} ${++runs}`;
  }

  @CacheResponse({ timeout: 60, scope: 'shared' })
  @Get('shared/written')
  sharedWritten(@Session() session: Session): string {
    session.set('seen', ++runs);
    return `${runs}`;
  }

  @CacheResponse({ timeout: 60, scope: () => 'members' })
  @Get('members/read')
  membersRead(@Session() session: Session): string {
    return `${session.has('name')} ${++runs}`;
  }
}

const settings = PLATFORMS.flatMap((platform) =>
  (['always', 'declared'] as const).map((load) => [platform, load] as const),
);

describe.each(settings)(
  'cached responses of handlers that use the session, on %s, loaded %s',
  (platform, load) => {
    let app: TestApp;
    let cookie: string;

    beforeAll(async () => {
      app = await startApp(platform, { controllers: [PagesController], session: { load } });
      cookie = await storeSession(app.sessions, { name: 'ada' });
    });

    afterAll(() => app.close());

    const twice = async (path: string, headers: Record<string, string> = {}): Promise<[Answer, Answer]> => {
      const ask = (): Promise<Answer> => app.send(path, { cookie, headers });
      return [await ask(), await ask()];
    };

    it.each([
      ['/read', 'session'],
      ['/written', 'session'],
      ['/shared/written', 'session'],
      ['/user', 'user'],
    ])('RC4 refuses to store, and names the reason: GET %s', async (path, reason) => {
      const answers = await twice(path);
      for (const { status, headers } of answers)
        expect([status, headers['cache-status']]).toEqual([200, `codex-redis; fwd=miss; detail=${reason}`]);
      expect(answers[1].body).not.toBe(answers[0].body);
    });

    it.each(['/shared/read', '/members/read'])(
      'RC5 with a scope a session that was read does not stop storing: GET %s',
      async (path) => {
        const [first, second] = await twice(path, { Authorization: 'Bearer ada' });
        expect(second.body).toBe(first.body);
        expect(second.headers['cache-status']).toMatch(/^codex-redis; hit/);
        for (const { headers } of [first, second]) expect(headers['cache-control']).toMatch(/^private\b/);
      },
    );

    it('RC4 a session that nobody has touched stops nothing', async () => {
      const [first, second] = await twice('/untouched');
      expect(second.body).toBe(first.body);
    });
  },
);
