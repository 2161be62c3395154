import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { join } from 'node:path';
import { CacheService } from '../../lib/cache/cache.service.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { startApp } from '../support/http-app.js';
import { pages, ROOT } from './pages.js';

interface Step {
  readonly name: string;
  readonly file: string;
}

/** The steps of each walk on the page about the architecture. */
const walks = (): Step[][] => {
  const { text } = pages().find(({ path }) => path === 'docs/architecture.md')!;
  const section = text.split('## Two walks')[1]!.split('\n## ')[0]!;
  return section
    .split(/\n\n(?=[^1\n])/)
    .map((part) => [...part.matchAll(/^1\. `([\w.]+)` \(`([\w./-]+)`\)/gm)])
    .filter((steps) => steps.length > 0)
    .map((steps) => steps.map(([, name, file]) => ({ name: name!, file: file! })));
};

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Notes each call of the methods of a walk; one that is named twice is noted each time. */
const watch = async (steps: readonly Step[]): Promise<string[]> => {
  const called: string[] = [];
  for (const { name, file } of steps) {
    const [className = '', method = ''] = name.split('.');
    const module = (await import(join(ROOT, file))) as Record<string, { prototype: Methods } | undefined>;
    const methods = module[className]?.prototype;
    if (typeof methods?.[method] !== 'function') throw new Error(`${file} has no ${name}`);
    const original = methods[method];
    if (jest.isMockFunction(original)) continue;
    jest.spyOn(methods, method).mockImplementation(function (this: unknown, ...args) {
      called.push(name);
      return original.apply(this, args);
    });
  }
  return called;
};

@Controller()
class VisitsController {
  @Get('visit') visit(@Session() session: Session): string {
    session['visited'] = true;
    return 'visited';
  }
}

describe('the walks through the code', () => {
  afterEach(() => jest.restoreAllMocks());

  it('are the ways that a cache read and a written request take', async () => {
    const [read = [], request = []] = walks();
    expect([read.length, request.length].map((steps) => steps > 3)).toEqual([true, true]);
    const app = await startApp('express', {
      url: process.env['TEST_REDIS_URL']!,
      controllers: [VisitsController],
    });
    try {
      const cache = app.app.get(CacheService, { strict: false });
      await cache.set('walk', 1, 60);
      const inRead = await watch(read);
      await cache.get('walk');
      expect(inRead).toEqual(read.map(({ name }) => name));
      jest.restoreAllMocks();
      await cache.delete('walk');

      const cookie = (await app.sessions.create()).key!;
      const inRequest = await watch(request);
      expect((await app.send('/visit', { cookie })).status).toBe(200);
      const named = request.map(({ name }) => name);
      const first = inRequest.filter((name, at) => inRequest.indexOf(name) === at);
      expect(first).toEqual(named.filter((name, at) => named.indexOf(name) === at));
    } finally {
      await app.close();
    }
  });
});
