import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { SessionStateError } from '../../lib/errors/session.errors.js';
import { noSession } from '../../lib/session-http/nest/request-session.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SkipSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';

/** What a resolver or a gateway of this application would be told. */
const toldAs = (type: string, args: unknown[]): string => {
  const context = new ExecutionContextHost(args, ToldController, ToldController.prototype.told);
  context.setType(type);
  return noSession(context).message;
};

/** The request that opened the connection of graphql-ws. */
const HANDSHAKE = { url: '/graphql', upgrade: true, headers: { upgrade: 'websocket' } };

@Controller()
class CauseController {
  @SkipSession() @Get('skipped') skipped(@Session() session: Session): unknown {
    return session.keys();
  }

  @Get('unguarded') unguarded(@Session() session: Session): unknown {
    return session.keys();
  }

  @UseGuards(SessionGuard) @Get('guarded') guarded(@Session() session: Session): unknown {
    return session.keys();
  }

  @Get('touched') touched(@Req() request: { session: Session }): unknown {
    return request.session.keys();
  }
}

/** Asks for no session by itself. */
@Controller()
class ToldController {
  @Get('told') told(@Req() request: object): object {
    return {
      http: toldAs('http', [request]),
      resolver: toldAs('graphql', [{}, {}, { req: request }, { operation: { operation: 'query' } }]),
      'resolver without a request': toldAs('graphql', [{}, {}, {}, { operation: { operation: 'query' } }]),
      subscription: toldAs('graphql', [{}, {}, {}, { operation: { operation: 'subscription' } }]),
      'subscription before the guard': toldAs('graphql', [{}, {}, { extra: { request: HANDSHAKE } }, {}]),
      gateway: toldAs('ws', [{}, {}]),
    };
  }
}

describe.each(PLATFORMS)('Where there is no session on %s', (platform) => {
  let app: TestApp;
  /** What threw, for each request. */
  let thrown: unknown[];

  const start = async (options: AppOptions): Promise<void> => {
    thrown = [];
    app = await startApp(platform, {
      ...options,
      prepare: (nest) => {
        nest.useGlobalFilters({
          catch: (error: unknown) => {
            thrown.push(error);
            throw error;
          },
        });
      },
    });
  };

  afterEach(() => app.close());

  const causeOf = async (path: string): Promise<string> => {
    const answer = await app.send(path, { cookie: 'a'.repeat(32) });
    expect(answer.status).toBe(500);
    const error = thrown.pop();
    expect(error).toBeInstanceOf(SessionStateError);
    return (error as Error).message;
  };

  const told = async (): Promise<Record<string, string>> =>
    JSON.parse((await app.send('/told', { cookie: 'a'.repeat(32) })).body) as Record<string, string>;

  it('SE9 a skipped handler is named, and the two that contradict each other', async () => {
    await start({ controllers: [CauseController] });
    expect(await causeOf('/skipped')).toMatch(
      /^CauseController\.skipped asks for a session and is marked with @SkipSession\(\); take one of them away$/,
    );
  });

  it('SE9 where no guard ran the handler is told to mount it', async () => {
    await start({ controllers: [CauseController], session: { mount: 'manual' } });
    const unguarded = await causeOf('/unguarded');
    expect(unguarded).toMatch(/^CauseController\.unguarded has no session: no guard has run\./);
    expect(unguarded).toMatch(/session\.mount 'manual' mark .*@UseGuards\(SessionGuard\)/);
    const touched = await causeOf('/touched');
    expect(touched).toMatch(/has not been loaded: with session\.mount 'manual'.*@UseGuards\(SessionGuard\)/);
    expect(touched + unguarded).not.toContain('declared');
    expect((await app.send('/guarded', { cookie: 'a'.repeat(32) })).body).toBe('[]');
  });

  it("SE9 'declared' is mentioned where it is set", async () => {
    await start({ controllers: [CauseController], session: { load: 'declared' } });
    expect(await causeOf('/touched')).toMatch(
      /session\.load 'declared'.*@Session\(\) parameter.*@UseSession/,
    );
  });

  it('SE9 an excluded path, GraphQL, a subscription and a gateway have a text and a fix of their own', async () => {
    await start({ controllers: [ToldController], session: { exclude: ['told'] } });
    const texts = await told();
    const expected: Record<string, RegExp> = {
      http: /its path \/told is one of session\.exclude\. Take it out of there/,
      resolver: /its path \/told is one of session\.exclude/,
      'resolver without a request':
        /its GraphQL context carries no HTTP request\. Pass it on.*context: \(\{ req \}\) => \(\{ req \}\)/,
      subscription: /GraphQL subscription leads to no handshake.*context: \(\{ extra \}\) => .*Mercurius/,
      'subscription before the guard': /no guard has run\. With session\.mount 'manual'/,
      gateway: /mark its gateway with @UseSession\(\).*loadFromCookieHeader/,
    };
    for (const [cause, text] of Object.entries(expected)) expect(texts[cause]).toMatch(text);
    expect(new Set(Object.values(texts)).size).toBe(5);
    for (const text of Object.values(texts)) expect(text).not.toContain('declared');
  });

  it('SE9 while sessions are off the options are named that turn them on', async () => {
    await start({ controllers: [ToldController], sessionsOff: true });
    const { http } = await told();
    expect(http).toMatch(/sessions are off\. Set PROJECT_NAME and SECRET_KEY .*session: \{\}/);
    expect(http).not.toContain('declared');
  });
});
