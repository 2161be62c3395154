import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Param,
  Query,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer } from '../support/http-request.js';

/** How often the text of a body was made. */
let texts = 0;

const counted = {
  id: 1,
  markup: '<b>&',
  toJSON() {
    texts++;
    return { id: 1, markup: '<b>&' };
  },
};

const BODIES: Readonly<Record<string, () => unknown>> = {
  object: () => counted,
  array: () => [counted, 2],
  inside: () => ({ counted }),
  text: () => 'text',
  number: () => 7,
  bytes: () => Buffer.from('bytes'),
  nothing: () => undefined,
  stream: () => new StreamableFile(Buffer.from('stream'), { type: 'text/csv' }),
};

@Catch()
class TellingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: string): void } }>()
      .status(409)
      .send('told');
  }
}

@Controller()
class BodiesController {
  @Get('body/:name') body(
    @Session() session: Session,
    @Param('name') name: string,
    @Query('writes') writes?: string,
  ): unknown {
    if (writes !== undefined) session.set('n', 1);
    return BODIES[name]!();
  }

  @Get('schema') schema(@Session() session: Session, @Query('writes') writes?: string): unknown {
    return this.body(session, 'object', writes);
  }

  @UseFilters(TellingFilter) @Get('refused') refused(@Session() session: Session): object {
    session.set('n', {});
    (session.get('n') as Record<string, unknown>)['at'] = new Date();
    return counted;
  }
}

interface Settable {
  set(setting: string, value: unknown): void;
  addHook(name: 'onRoute', hook: (route: { url: string; schema?: unknown }) => void): void;
}

const SCHEMA = { response: { 200: { type: 'object', properties: { id: { type: 'number' } } } } };

/** What an application may have set about its bodies. */
const setUp = (app: INestApplication): void => {
  const instance = app.getHttpAdapter().getInstance() as Settable;
  if (app.getHttpAdapter().getType() === 'fastify') {
    instance.addHook('onRoute', (route) => {
      if (route.url === '/schema') route.schema = SCHEMA;
    });
    return;
  }
  instance.set('json spaces', 2);
  instance.set('json escape', true);
  instance.set('json replacer', (key: string, value: unknown) => (key === 'id' ? 'replaced' : value));
};

/** What a client gets but for what the session adds. */
const withoutSession = ({ status, headerLines, body }: Answer) => ({
  status,
  headers: headerLines.filter(([name]) => !['set-cookie', 'vary', 'cache-control', 'date'].includes(name)),
  body,
});

describe.each(PLATFORMS)('bodies beside a session that is saved on %s', (platform) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(platform, { controllers: [BodiesController], prepare: setUp });
  });

  afterAll(() => app.close());

  it.each([...Object.keys(BODIES).map((name) => `/body/${name}`), '/schema'])(
    'has %s leave as it does without a save',
    async (path) => {
      const unsaved = await app.send(path);
      const saved = await app.send(`${path}?writes`);
      expect(saved.setCookies).toHaveLength(1);
      expect(withoutSession(saved)).toEqual(withoutSession(unsaved));
    },
  );

  it('heeds what the application has set', async () => {
    const escaped = '\\u003cb\\u003e\\u0026';
    expect((await app.send('/schema?writes')).body).toBe(
      platform === 'express' ? `{\n  "id": "replaced",\n  "markup": "${escaped}"\n}` : '{"id":1}',
    );
  });

  it.each(['/body/object', '/body/array', '/body/inside', '/schema'])(
    'makes the text of %s once',
    async (path) => {
      texts = 0;
      await app.send(`${path}?writes`);
      expect(texts).toBe(1);
    },
  );

  it('leaves nothing of a reply whose session could not be saved to the filter', async () => {
    const { status, headers, body, setCookies } = await app.send('/refused');
    expect({ status, body, setCookies }).toEqual({ status: 409, body: 'told', setCookies: [] });
    expect(headers['content-type']).toMatch(platform === 'express' ? 'text/html' : 'text/plain');
  });
});
