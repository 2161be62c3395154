import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Header,
  Head,
  HttpCode,
  HttpException,
  type MessageEvent,
  NotFoundException,
  Post,
  Redirect,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { concat, from, type Observable, of, timer } from 'rxjs';
import { map } from 'rxjs/operators';
import { Session } from '../../lib/session-http/nest/session.decorator.js';

/** The response of either platform. */
export interface AnyResponse {
  readonly raw?: ServerResponse;
  status(code: number): AnyResponse;
  header(name: string, value: string): AnyResponse;
  send(body?: unknown): unknown;
  redirect(...args: unknown[]): unknown;
}

export const rawOf = (response: AnyResponse): ServerResponse =>
  response.raw ?? (response as unknown as ServerResponse);

/** Large enough to fill every buffer on the way. */
export const LARGE = 'success '.repeat(300_000);

class Teapot extends Error {}

@Catch(Teapot)
class TeapotFilter implements ExceptionFilter {
  catch(_error: Teapot, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { session } = http.getRequest<{ session: Session }>();
    session['filtered'] = true;
    http.getResponse<AnyResponse>().status(418).send({ tea: 'success' });
  }
}

class WritingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ session: Session }>().session['refused'] = true;
    return false;
  }
}

const chunks = async function* (): AsyncGenerator<string> {
  for (const chunk of ['one ', 'two ', 'success']) {
    await pause(1);
    yield chunk;
  }
};

/** A source that fails before it gives anything. */
const failing = (): Readable =>
  new Readable({
    read() {
      setImmediate(() => this.destroy(new Error('the source failed')));
    },
  });

/** Every way a response may come about; each changes the session first. */
@Controller()
export class ResponsesController {
  @Get('text') text(@Session() session: Session): string {
    session['n'] = 1;
    return 'success';
  }

  @Get('json') json(@Session() session: Session): object {
    session['n'] = 1;
    return { it: 'success' };
  }

  @Post('created') async created(@Session() session: Session): Promise<object> {
    await pause(1);
    session['n'] = 1;
    return { it: 'success' };
  }

  @Get('nothing') @HttpCode(204) nothing(@Session() session: Session): void {
    session['n'] = 1;
  }

  @Get('unmodified') @HttpCode(304) unmodified(@Session() session: Session): void {
    session['n'] = 1;
  }

  @Head('head') head(@Session() session: Session): string {
    session['n'] = 1;
    return 'success';
  }

  @Get('observable') observable(@Session() session: Session): Observable<string> {
    return concat(of('first'), timer(1).pipe(map(() => ((session['n'] = 1), 'success'))));
  }

  @Get('redirect') @Redirect('/elsewhere', 302) redirect(@Session() session: Session): void {
    session['n'] = 1;
  }

  @Get('dynamic-redirect') @Redirect() dynamicRedirect(@Session() session: Session): object {
    session['n'] = 1;
    return { url: '/elsewhere', statusCode: 303 };
  }

  @Get('passthrough') passthrough(
    @Session() session: Session,
    @Res({ passthrough: true }) response: AnyResponse,
  ): string {
    session['n'] = 1;
    response.status(202).header('X-Own', 'yes').header('Set-Cookie', 'own=1');
    return 'success';
  }

  @Get('res-send') resSend(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    response.send('success');
  }

  @Get('res-object') resObject(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    response.status(201).send({ it: 'success' });
  }

  @Get('res-redirect') resRedirect(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    if (response.raw === undefined) response.redirect(302, '/elsewhere');
    else response.status(302).redirect('/elsewhere');
  }

  @Get('res-later') resLater(@Session() session: Session, @Res() response: AnyResponse): void {
    setTimeout(() => {
      session['n'] = 1;
      response.send('success');
    }, 2);
  }

  @Get('raw-end') rawEnd(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    rawOf(response).end('success');
  }

  @Get('raw-end-callback') rawEndCallback(
    @Session() session: Session,
    @Res() response: AnyResponse,
  ): Promise<void> {
    session['n'] = 1;
    return new Promise((resolve) => void rawOf(response).end('success', 'utf8', resolve));
  }

  @Get('raw-writes') rawWrites(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    const raw = rawOf(response);
    raw.write('part of ');
    raw.write(Buffer.from('the '), () => raw.end('success'));
  }

  @Get('head-object') headObject(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    const raw = rawOf(response);
    raw.setHeader('Set-Cookie', 'early=1');
    raw.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], 'X-Own': 'yes', Vary: 'Origin' }).end('success');
  }

  @Get('head-reason') headReason(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    rawOf(response).writeHead(200, 'Splendid', { 'X-Own': 'yes' }).end('success');
  }

  @Get('head-flat') headFlat(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    rawOf(response).writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Own', 'yes']).end('success');
  }

  @Get('head-pairs') headPairs(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    const pairs = [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['X-Own', 'yes'],
    ];
    rawOf(response)
      .writeHead(200, pairs as never)
      .end('success');
  }

  @Get('flush-headers') async flushHeaders(
    @Session() session: Session,
    @Res() response: AnyResponse,
  ): Promise<void> {
    session['n'] = 1;
    rawOf(response).flushHeaders();
    await pause(2);
    rawOf(response).end('success');
  }

  @Get('piped') piped(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    Readable.from(chunks()).pipe(rawOf(response));
  }

  @Get('piped-large') pipedLarge(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    Readable.from([Buffer.from(LARGE)].flatMap(pieces)).pipe(rawOf(response));
  }

  @Get('trailers') trailers(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    const raw = rawOf(response);
    raw.setHeader('Trailer', 'X-Sum');
    raw.write('success');
    raw.addTrailers({ 'X-Sum': '42' });
    raw.end();
  }

  @Get('file') file(@Session() session: Session): StreamableFile {
    session['n'] = 1;
    return new StreamableFile(Buffer.from('success'), { disposition: 'attachment' });
  }

  @Get('file-stream') fileStream(@Session() session: Session): StreamableFile {
    session['n'] = 1;
    return new StreamableFile(Readable.from(chunks()));
  }

  @Sse('events') events(@Session() session: Session): Observable<MessageEvent> {
    session['n'] = 1;
    return from([{ data: 'one' }, { data: 'success' }]);
  }

  @Get('refused') @UseGuards(WritingGuard) refused(): string {
    return 'never';
  }

  @Get('exception') exception(@Session() session: Session): never {
    session['n'] = 1;
    throw new NotFoundException('no such success');
  }

  @Get('filtered') @UseFilters(TeapotFilter) filtered(): never {
    throw new Teapot();
  }

  @Get('headers-with-cors') @Header('Access-Control-Allow-Origin', '*') @Header('ETag', '"own"') cors(
    @Session() session: Session,
  ): string {
    session['n'] = 1;
    return 'success';
  }

  @Get('failing-stream') failingStream(@Session() session: Session): StreamableFile {
    session['n'] = 1;
    return new StreamableFile(failing()).setErrorHandler((_error, response) => {
      response.statusCode = 500;
      response.send('the stream failed');
    });
  }

  @Get('server-error') serverError(@Session() session: Session): never {
    session['n'] = 1;
    throw new HttpException('out of order', 500);
  }

  @Get('early-hints') earlyHints(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    rawOf(response).writeEarlyHints({ link: '</style.css>; rel=preload' });
    rawOf(response).end('success');
  }

  @Get('read') read(@Session('n') n: unknown): object {
    return { n: n ?? null };
  }

  @Get('plain') plain(@Req() request: IncomingMessage): string {
    return request.method === 'GET' ? 'plain' : 'other';
  }
}

const pieces = (buffer: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(buffer.length / 50_000) }, (_, at) =>
    buffer.subarray(at * 50_000, (at + 1) * 50_000),
  );

/** What is to be seen of a way a response comes about, when its session can be saved. */
export interface ResponseKind {
  readonly path: string;
  readonly method?: string;
  readonly status: number;
  readonly body?: RegExp;
  /** Header lines that must be there. */
  readonly lines?: readonly RegExp[];
  /** How it ends where the connection stays open. */
  readonly end?: RegExp;
}

export const KINDS: readonly ResponseKind[] = [
  { path: '/text', status: 200, body: /success$/ },
  { path: '/json', status: 200, body: /"success"/ },
  { path: '/created', method: 'POST', status: 201, body: /"success"/ },
  { path: '/nothing', status: 204 },
  { path: '/unmodified', status: 304 },
  { path: '/head', method: 'HEAD', status: 200 },
  { path: '/observable', status: 200, body: /success$/ },
  { path: '/redirect', status: 302, lines: [/^location: \/elsewhere$/im] },
  { path: '/dynamic-redirect', status: 303, lines: [/^location: \/elsewhere$/im] },
  { path: '/passthrough', status: 202, body: /success$/, lines: [/^x-own: yes$/im, /^set-cookie: own=1$/im] },
  { path: '/res-send', status: 200, body: /success$/ },
  { path: '/res-object', status: 201, body: /"success"/ },
  { path: '/res-redirect', status: 302, lines: [/^location: \/elsewhere$/im] },
  { path: '/res-later', status: 200, body: /success$/ },
  { path: '/raw-end', status: 200, body: /success$/ },
  { path: '/raw-end-callback', status: 200, body: /success$/ },
  { path: '/raw-writes', status: 200, body: /part of .*the .*success/s },
  {
    path: '/head-object',
    status: 200,
    body: /success/,
    lines: [/^set-cookie: a=1$/im, /^set-cookie: b=2$/im, /^x-own: yes$/im, /^vary: Origin, Cookie$/im],
  },
  {
    path: '/head-reason',
    status: 200,
    body: /success/,
    lines: [/^HTTP\/1.1 200 Splendid$/im, /^x-own: yes$/im],
  },
  {
    path: '/head-flat',
    status: 200,
    body: /success/,
    lines: [/^set-cookie: a=1$/im, /^set-cookie: b=2$/im, /^x-own: yes$/im],
  },
  {
    path: '/head-pairs',
    status: 200,
    body: /success/,
    lines: [/^set-cookie: a=1$/im, /^set-cookie: b=2$/im, /^x-own: yes$/im],
  },
  { path: '/flush-headers', status: 200, body: /success/ },
  { path: '/piped', status: 200, body: /one .*two .*success/s },
  { path: '/piped-large', status: 200, body: /success/ },
  { path: '/trailers', status: 200, body: /success.*x-sum: 42/is },
  { path: '/file', status: 200, body: /success$/, lines: [/^content-disposition: attachment$/im] },
  { path: '/file-stream', status: 200, body: /one .*two .*success/s },
  {
    path: '/events',
    end: /\r\n0\r\n\r\n$/,
    status: 200,
    body: /data: success/,
    lines: [/^content-type: text\/event-stream/im],
  },
  { path: '/refused', status: 403, body: /Forbidden/ },
  { path: '/exception', status: 404, body: /no such success/ },
  { path: '/filtered', status: 418, body: /"success"/ },
  { path: '/headers-with-cors', status: 200, body: /success$/, lines: [/^etag: "own"$/im] },
  { path: '/early-hints', status: 200, body: /success/ },
];
