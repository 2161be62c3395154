import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { Faults } from '../../lib/testing/faults.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';
import { storeSession } from '../support/sessions.js';

const idsOf = ({ session, sessionID }: Request): unknown[] => [sessionID, session.id, session.key];

@Controller()
class IdController {
  @Get('read') read(@Req() request: Request): unknown[] {
    return idsOf(request);
  }

  @Get('write') write(@Req() request: Request): unknown[] {
    request.session.set('basket', []);
    return idsOf(request);
  }

  @Get('cycle') async cycle(@Req() request: Request): Promise<unknown[]> {
    await request.session.cycleKey();
    return idsOf(request);
  }

  @Get('regenerate') async regenerate(@Req() request: Request): Promise<unknown[]> {
    await request.session.regenerate(['basket']);
    return idsOf(request);
  }

  @Get('flush') async flush(@Req() request: Request): Promise<unknown[]> {
    await request.session.flush();
    return idsOf(request);
  }
}

describe.each(PLATFORMS)('The id of a session on %s', (platform) => {
  let app: TestApp;
  let stored: string;
  const faults = new Faults();

  beforeEach(async () => {
    app = await startApp(platform, {
      controllers: [IdController],
      wrapStore: (store) => faults.wrap(store),
    });
    stored = await storeSession(app.sessions, { basket: ['book'] });
  });

  afterEach(async () => {
    faults.clear();
    await app.close();
  });

  const ids = async (path: string, cookie?: string): Promise<unknown> =>
    JSON.parse((await app.send(path, { cookie })).body);

  const all = (id: string | null): (string | null)[] => [id, id, id];

  it('SE24 session.id and request.sessionID are the key of a stored session', async () => {
    expect(await ids('/read', stored)).toEqual(all(stored));
    expect(await ids('/write', stored)).toEqual(all(stored));
  });

  it('SE24 they are null where there is none: anonymous, unknown, malformed, or ended', async () => {
    for (const cookie of [undefined, 'a'.repeat(32), 'malformed'])
      expect(await ids('/read', cookie)).toEqual(all(null));
    expect(await ids('/flush', stored)).toEqual(all(null));
    // its trace
    expect(await ids('/read', stored)).toEqual(all(null));
  });

  it('SE24 they are null where the session could not be loaded', async () => {
    faults.failNext({ times: 1 });
    expect(await ids('/read', stored)).toEqual(all(null));
    expect(await ids('/read', stored)).toEqual(all(stored));
  });

  it.each(['/write', '/cycle', '/regenerate'])(
    'SE24 after %s they are the key of the cookie',
    async (path) => {
      const answer = await app.send(path, { cookie: path === '/write' ? undefined : stored });
      const [id] = JSON.parse(answer.body) as string[];
      expect(JSON.parse(answer.body)).toEqual(all(id!));
      expect(id).toMatch(/^[a-z0-9]{32}$/);
      expect(id).not.toBe(stored);
      expect(keyFrom(answer)).toBe(id);
    },
  );
});
