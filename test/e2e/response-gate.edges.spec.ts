import { fastifyCompress } from '@fastify/compress';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Req,
  Res,
  Sse,
} from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import compression from 'compression';
import { once } from 'node:events';
import { get as httpGet, type ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { concat, type Observable, of, timer } from 'rxjs';
import { map } from 'rxjs/operators';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { RawConnection } from '../support/http-raw.js';
import { type AnyResponse, LARGE, rawOf, ResponsesController } from '../support/http-responses.js';
import { CommitSwitch } from '../support/http-store.js';

const MOMENT = 10;

/** Resolves once the response that waits is let go. */
let committed = Promise.resolve();

/** What happened in a handler after it had begun to respond. */
let seen: Record<string, unknown> = {};

const outcome = (deed: () => unknown): unknown => {
  try {
    deed();
    return 'nothing thrown';
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
};

@Controller('edges')
class EdgesController {
  @Get('while-waiting') async whileWaiting(
    @Session() session: Session,
    @Res() response: AnyResponse,
  ): Promise<void> {
    session['n'] = 1;
    const raw = rawOf(response);
    raw.write('success');
    seen = {
      headersSent: raw.headersSent,
      writableEnded: raw.writableEnded,
      setHeader: outcome(() => raw.setHeader('X-Late', '1')),
      appendHeader: outcome(() => raw.appendHeader('X-Late', '1')),
      removeHeader: outcome(() => raw.removeHeader('X-Late')),
      setHeaders: outcome(() => raw.setHeaders(new Map([['x-late', '1']]))),
      writeHead: outcome(() => raw.writeHead(500)),
      change: outcome(() => (session['n'] = 2)),
      paused: !raw.write(' and more'),
    };
    raw.statusCode = 500;
    raw.end();
    seen['ended'] = raw.writableEnded;
    seen['again'] = outcome(() => raw.end());
    const errors: string[] = [];
    raw.on('error', (error: Error & { code?: string }) => errors.push(error.code ?? error.name));
    raw.write('after the end');
    await new Promise((resolve) => raw.once('close', resolve));
    seen['errors'] = errors;
  }

  @Get('invalid-header') invalidHeader(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    const raw = rawOf(response);
    seen = {
      header: outcome(() => raw.writeHead(200, { 'X-Own': 'line\nbreak' })),
      odd: outcome(() => raw.writeHead(200, ['X-Own'])),
      status: outcome(() => raw.writeHead(42)),
      chunk: outcome(() => raw.write(42)),
      nothing: outcome(() => raw.write(null)),
      headersSent: raw.headersSent,
    };
    raw.end('success');
  }

  @Get('saved-then-invalid') async savedThenInvalid(
    @Session() session: Session,
    @Res() response: AnyResponse,
  ): Promise<void> {
    session['n'] = 1;
    await session.save();
    const raw = rawOf(response);
    seen = { header: outcome(() => raw.writeHead(200, { 'X-Own': 'line\nbreak' })) };
    raw.end('success');
  }

  @Get('source') source(@Session() session: Session, @Res() response: AnyResponse): Promise<void> {
    session['n'] = 1;
    const raw = rawOf(response);
    let written = 0;
    return new Promise((resolve) => {
      const more = (): void => {
        while (written < 50) {
          written++;
          if (!raw.write('success '.repeat(1000))) {
            raw.once('drain', more);
            return;
          }
        }
        seen = { written };
        raw.end(() => undefined);
        resolve();
      };
      more();
    });
  }

  @Sse('events-late') eventsLate(@Session() session: Session): Observable<{ data: string }> {
    session['n'] = 1;
    return concat(
      of({ data: 'first' }),
      timer(20).pipe(map(() => ({ data: String(outcome(() => (session['n'] = 2))) }))),
    );
  }

  @Get('head-only') async headOnly(@Session() session: Session, @Res() response: AnyResponse): Promise<void> {
    session['n'] = 1;
    const raw = rawOf(response);
    raw.writeHead(200, { 'X-Own': 'yes' });
    await committed;
    seen = { headersSent: raw.headersSent, setHeader: outcome(() => raw.setHeader('X-Late', '1')) };
    raw.end('success');
  }

  @Get('read-then-late') readThenLate(
    @Session('n') n: unknown,
    @Req() request: { session: Session },
    @Res() response: AnyResponse,
  ): void {
    const raw = rawOf(response);
    raw.write(`n=${String(n)}`);
    seen = { change: outcome(() => (request.session['n'] = 2)) };
    raw.end();
  }

  @Get('late') touchedLate(@Req() request: { session: Session }, @Res() response: AnyResponse): void {
    const raw = rawOf(response);
    raw.write('success');
    seen = { change: outcome(() => (request.session['n'] = 2)) };
    raw.end();
  }

  @Get('callbacks') async callbacks(
    @Session() session: Session,
    @Res() response: AnyResponse,
  ): Promise<void> {
    session['n'] = 1;
    const raw = rawOf(response);
    const told = await new Promise((resolve) => raw.write('success', resolve));
    seen = { told: (told as Error | undefined)?.message ?? 'written' };
    raw.end();
  }

  @Get('large') large(@Session() session: Session): string {
    session['n'] = 1;
    return LARGE;
  }
}

describe.each(PLATFORMS)('the edges of a response that waits on %s', (platform) => {
  let app: TestApp;
  const commits = new CommitSwitch();

  const start = async (prepare?: (app: INestApplication) => Promise<void> | void): Promise<void> => {
    app = await startApp(platform, {
      controllers: [EdgesController, ResponsesController],
      wrapStore: commits.wrap,
      ...(prepare !== undefined && { prepare }),
    });
  };

  beforeEach(() => start());

  afterEach(async () => {
    commits.fail(undefined);
    commits.release();
    await app.close();
  });

  it('H2 looks sent while it waits: late headers throw, the status is frozen', async () => {
    commits.hold();
    const answer = app.send('/edges/while-waiting');
    await commits.untilBegun();
    commits.release();
    expect(await answer).toMatchObject({ status: 200, body: 'success and more' });
    while (!('errors' in seen)) await pause(1);
    const late = 'ERR_HTTP_HEADERS_SENT';
    expect(seen).toEqual({
      headersSent: true,
      writableEnded: false,
      setHeader: late,
      appendHeader: late,
      removeHeader: late,
      setHeaders: late,
      writeHead: late,
      change: 'CODEX_REDIS_SESSION_STATE',
      paused: true,
      ended: true,
      again: 'nothing thrown',
      errors: ['ERR_STREAM_WRITE_AFTER_END'],
    });
    expect(Object.values(await app.stored())).toEqual([{ n: 1 }]);
  });

  it('H2 what Node refuses is refused at once, and the response still open', async () => {
    expect(await app.send('/edges/invalid-header')).toMatchObject({ status: 200, body: 'success' });
    expect(seen).toEqual({
      header: 'ERR_INVALID_CHAR',
      odd: 'ERR_INVALID_ARG_VALUE',
      status: 'ERR_HTTP_INVALID_STATUS_CODE',
      chunk: 'ERR_INVALID_ARG_TYPE',
      nothing: 'ERR_STREAM_NULL_VALUES',
      headersSent: false,
    });
    expect(Object.values(await app.stored())).toEqual([{ n: 1 }]);
  });

  it('H2 a head that Node refuses takes no session with it', async () => {
    const response = await app.send('/edges/saved-then-invalid');
    expect(seen).toEqual({ header: 'ERR_INVALID_CHAR' });
    expect(response).toMatchObject({ status: 200, body: 'success' });
    expect(response.setCookies).toHaveLength(1);
    expect(response.headers['vary']).toBe('Cookie');
  });

  it('H2 a source is paused while the response waits, and goes on afterwards', async () => {
    commits.hold();
    const answer = app.send('/edges/source');
    await commits.untilBegun();
    commits.release();
    expect((await answer).body).toHaveLength(50 * 8000);
  });

  it('H3 a source whose response was replaced by an error runs to its end', async () => {
    commits.hold();
    commits.fail(new RedisConnectionError());
    seen = {};
    const connection = await RawConnection.open(app.port);
    connection.get('/edges/source', []);
    await commits.untilBegun();
    commits.release();
    const received = await connection.untilClosed();
    expect(received).toMatch(/^HTTP\/1.1 503 [\s\S]*Connection: close/i);
    expect(received).not.toContain('success');
    expect(seen).toEqual({ written: 50 });
  });

  it('H3 the error keeps the headers that are about the exchange, and none of the success', async () => {
    commits.fail(new RedisConnectionError());
    const { headers } = await app.send('/head-object');
    expect(headers).not.toHaveProperty('set-cookie');
    expect(headers).not.toHaveProperty('x-own');
    expect(headers['vary']).toBe('Origin, Cookie');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('H3 a callback is told that its chunk was dropped', async () => {
    commits.fail(new RedisConnectionError());
    expect((await app.send('/edges/callbacks')).status).toBe(503);
    expect(seen).toEqual({ told: 'The response was replaced by an error response' });
  });

  it('H2 a change after the first byte throws', async () => {
    const connection = await RawConnection.open(app.port);
    connection.get('/edges/events-late');
    await connection.until(/data: CODEX_REDIS_SESSION_STATE/);
    connection.destroy();
    expect(Object.values(await app.stored())).toEqual([{ n: 1 }]);
  });

  it.each(['/failing-stream', '/server-error'])('M8 %s fails into a 500 and saves nothing', async (path) => {
    const answer = await app.send(path);
    expect(answer.status).toBe(500);
    expect(answer.setCookies).toEqual([]);
    expect(await app.stored()).toEqual({});
  });

  it('H2 a head that was given stays given when the response goes on', async () => {
    commits.hold();
    let release = (): void => undefined;
    committed = new Promise((resolve) => (release = resolve));
    const answer = app.send('/edges/head-only');
    await commits.untilBegun();
    commits.release();
    await pause(MOMENT);
    release();
    expect(await answer).toMatchObject({ status: 200, body: 'success', headers: { 'x-own': 'yes' } });
    expect(seen).toEqual({ headersSent: true, setHeader: 'ERR_HTTP_HEADERS_SENT' });
  });

  it.each(['/edges/read-then-late', '/edges/late'])(
    'H2 %s: a change after the first byte throws, also where nothing was to be saved',
    async (path) => {
      const cookie = (await app.sessions.create()).key!;
      for (const sent of [undefined, cookie]) {
        expect((await app.send(path, { cookie: sent })).status).toBe(200);
        expect(seen).toEqual({ change: 'CODEX_REDIS_SESSION_STATE' });
      }
      expect(await app.stored()).toEqual({ [cookie]: {} });
    },
  );

  it.each<[string, number, (adapter: AbstractHttpAdapter, response: unknown) => void]>([
    ['with a status', 404, (adapter, response) => void adapter.reply(response, 'success', 404)],
    [
      'with a status it set before',
      404,
      (adapter, response) => {
        adapter.status(response, 404);
        void adapter.reply(response, 'success');
      },
    ],
    ['without a status', 200, (adapter, response) => void adapter.reply(response, 'success')],
    [
      'with an undefined status, as Nest does for a handler',
      200,
      (adapter, response) => void adapter.reply(response, 'success', undefined),
    ],
    [
      'with a status it set before and an undefined one',
      404,
      (adapter, response) => {
        adapter.status(response, 404);
        void adapter.reply(response, 'success', undefined);
      },
    ],
  ])('H3 a filter that answers through the adapter %s is held back as well', async (_how, status, reply) => {
    @Catch()
    class AdapterFilter implements ExceptionFilter {
      constructor(private readonly host: HttpAdapterHost) {}

      catch(_error: unknown, host: ArgumentsHost): void {
        reply(this.host.httpAdapter, host.switchToHttp().getResponse());
      }
    }
    await app.close();
    await start((nest) => void nest.useGlobalFilters(new AdapterFilter(nest.get(HttpAdapterHost))));
    expect(await app.send('/exception')).toMatchObject({ status, body: 'success' });
    commits.fail(new RedisConnectionError());
    expect(await app.send('/exception')).toMatchObject({
      status: 503,
      body: '{"statusCode":503,"message":"Service Unavailable","code":"CODEX_REDIS_CONNECTION"}',
    });
  });

  it('H3 Nest replies for handlers as it does for nothing else: by that a failed commit finds the filters', async () => {
    const replies: unknown[][] = [];
    await app.close();
    await start((nest) => {
      const adapter = nest.getHttpAdapter();
      const reply = adapter.reply.bind(adapter) as (...args: unknown[]) => unknown;
      adapter.reply = (...args: unknown[]): unknown => {
        replies.push(args.slice(2));
        return reply(...args);
      };
    });
    const paths = ['/text', '/json', '/nothing', '/observable', '/passthrough', '/file'];
    for (const path of paths) await app.send(path);
    // strictly, since toEqual() takes [] for [undefined]
    expect(replies.splice(0)).toStrictEqual(paths.map(() => [undefined]));
    for (const path of ['/exception', '/server-error', '/refused', '/nowhere']) await app.send(path);
    expect(replies).toStrictEqual([[404], [500], [403], [404]]);
  });

  it('H2 what other middleware put around the response before goes on working', async () => {
    await app.close();
    await start((nest) => {
      nest.use((_request: unknown, response: ServerResponse, next: () => void) => {
        const { end } = response;
        response.end = function (this: ServerResponse, ...args: unknown[]) {
          if (!this.headersSent) this.setHeader('X-Around', 'yes');
          return Reflect.apply(end, this, args) as ServerResponse;
        };
        next();
      });
    });
    expect(await app.send('/raw-end')).toMatchObject({
      body: 'success',
      headers: { 'x-around': 'yes', 'set-cookie': expect.stringContaining('sessionid=') as string },
    });
  });

  it('H2 a client that has gone does not keep the session from being saved', async () => {
    commits.hold();
    const connection = await RawConnection.open(app.port);
    connection.get('/res-send');
    await commits.untilBegun();
    connection.destroy();
    await pause(MOMENT);
    commits.release();
    while (Object.keys(await app.stored()).length === 0) await pause(1);
    expect(Object.values(await app.stored())).toEqual([{ n: 1 }]);
  });

  it('H2 pipelined requests are answered in order, each after its commit', async () => {
    const connection = await RawConnection.open(app.port);
    commits.hold();
    for (const path of ['/raw-end', '/text', '/plain', '/exception']) connection.get(path, []);
    connection.get('/read');
    await commits.untilBegun();
    await pause(MOMENT);
    expect(connection.received).toBe('');
    commits.release();
    const received = await connection.untilClosed();
    expect(received.match(/HTTP\/1.1 \d+/g)).toEqual(
      [200, 200, 200, 404, 200].map((status) => `HTTP/1.1 ${status}`),
    );
    expect(received.match(/^set-cookie: sessionid=/gim)).toHaveLength(3);
    expect(Object.keys(await app.stored())).toHaveLength(3);
  });

  it('H2 a connection is kept alive over responses that waited', async () => {
    const connection = await RawConnection.open(app.port);
    for (const round of [1, 2, 3]) {
      connection.get('/raw-end', []);
      await connection.until(new RegExp(`(success[\\s\\S]*){${round}}`));
    }
    expect(connection.closed).toBe(false);
    connection.destroy();
  });

  it('H2 an HTTP/1.0 client gets the whole response', async () => {
    const connection = await RawConnection.open(app.port);
    connection.get('/raw-writes', [], 'GET', '1.0');
    expect(await connection.untilClosed()).toMatch(/part of the success$/);
  });

  it('H2 a client that reads slowly gets all of a large body', async () => {
    const response = await new Promise<NodeJS.ReadableStream>((resolve) =>
      httpGet({ port: app.port, path: '/piped-large', agent: false }, resolve),
    );
    let length = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        length += chunk.length;
        setImmediate(done);
      },
    });
    response.pipe(slow);
    await once(slow, 'finish');
    expect(length).toBe(LARGE.length);
  });

  it('H2 the response closes gracefully while the application shuts down', async () => {
    commits.hold();
    const answer = app.send('/res-send');
    await commits.untilBegun();
    const closing = app.app.close();
    await pause(MOMENT);
    commits.release();
    expect(await answer).toMatchObject({ status: 200, body: 'success' });
    await closing;
    await start();
  });

  describe('with compression', () => {
    beforeEach(async () => {
      await app.close();
      await start(async (nest) => {
        if (platform === 'express') nest.use(compression({ threshold: 0 }));
        else
          await (nest.getHttpAdapter() as FastifyAdapter).register(fastifyCompress as never, {
            threshold: 0,
          });
      });
    });

    it.each(['/text', '/res-send', '/edges/large', '/file'])('H2, H3 %s', async (path) => {
      const headers = ['Connection: close', 'Accept-Encoding: gzip'];
      commits.hold();
      const connection = await RawConnection.open(app.port);
      connection.get(path, headers);
      await commits.untilBegun();
      await pause(MOMENT);
      expect(connection.received).toBe('');
      commits.release();
      const received = await connection.untilClosed();
      expect(received).toMatch(/^content-encoding: gzip$/im);
      expect(received).toMatch(/^set-cookie: sessionid=/im);
      expect(received).toMatch(/^vary: .*Cookie/im);

      commits.fail(new RedisConnectionError());
      const failed = await app.send(path, { headers: { 'Accept-Encoding': 'gzip' } });
      expect(failed.status).toBe(503);
      const zipped = failed.headers['content-encoding'] === 'gzip';
      const text = zipped ? gunzipSync(failed.bytes).toString() : failed.body;
      expect(text).toBe('{"statusCode":503,"message":"Service Unavailable","code":"CODEX_REDIS_CONNECTION"}');
    });
  });
});

describe('HTTP/2 on Fastify', () => {
  const commits = new CommitSwitch();
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp('fastify', {
      adapter: () => new FastifyAdapter({ http2: true } as object),
      controllers: [ResponsesController],
      wrapStore: commits.wrap,
    });
  });

  afterEach(() => {
    commits.fail(undefined);
    commits.release();
  });

  afterAll(() => app.close());

  interface Http2Answer {
    readonly status: number | undefined;
    readonly cookies: string[] | undefined;
    readonly body: string;
  }

  const get = async (path: string, onByte: () => void = () => undefined): Promise<Http2Answer> => {
    const session = connect(`http://127.0.0.1:${app.port}`);
    const stream = session.request({ ':path': path });
    const answer = {
      status: undefined as number | undefined,
      cookies: undefined as string[] | undefined,
      body: '',
    };
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      onByte();
      answer.status = headers[':status'];
      answer.cookies = headers['set-cookie'];
    });
    stream.on('data', (chunk: string) => (answer.body += chunk));
    await once(stream, 'end');
    session.close();
    return answer;
  };

  const paths = [
    '/text',
    '/res-send',
    '/raw-end',
    '/raw-writes',
    '/head-object',
    '/piped',
    '/file-stream',
    '/flush-headers',
  ];

  it.each(paths)('H2 nothing of %s leaves before the session is committed', async (path) => {
    commits.hold();
    let early = false;
    let released = false;
    const answer = get(path, () => (early = !released));
    await commits.untilBegun();
    await pause(MOMENT);
    released = true;
    commits.release();
    const { status, cookies, body } = await answer;
    expect(early).toBe(false);
    expect(status).toBe(200);
    expect(body).toContain('success');
    expect(cookies?.filter((cookie) => cookie.startsWith('sessionid='))).toHaveLength(1);
  });

  it.each(paths)('H3 a commit that fails gives an error for %s', async (path) => {
    commits.fail(new RedisConnectionError());
    expect(await get(path)).toEqual({
      status: 503,
      cookies: undefined,
      body: '{"statusCode":503,"message":"Service Unavailable","code":"CODEX_REDIS_CONNECTION"}',
    });
  });
});
