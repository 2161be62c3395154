import { Controller, Get, Next, Query, Render, Res, Session as NestSession, Sse } from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import { traitsOf } from '../../../../lib/session-http/nest/handler-traits.js';
import { Session } from '../../../../lib/session-http/nest/session.decorator.js';
import { SkipSession, UseSession } from '../../../../lib/session-http/nest/session-use.decorator.js';

@Controller()
class Base {
  @Get() plain(@Query('q') q: string): string {
    return q;
  }
  @Get() own(@Session() session: Session): unknown {
    return session['n'];
  }
  @Get() entry(@Session('n') n: unknown): unknown {
    return n;
  }
  @Get() nest(@NestSession() session: unknown): unknown {
    return session;
  }
  @UseSession() @Get() marked(): string {
    return 'marked';
  }
  @Get() sends(@Res() response: unknown): unknown {
    return response;
  }
  @Get() passes(@Res({ passthrough: true }) response: unknown): unknown {
    return response;
  }
  @Get() next(@Next() next: unknown): unknown {
    return next;
  }
  @Render('view') @Get() renders(): object {
    return {};
  }
  @Sse() events(): Observable<never> {
    return EMPTY;
  }
}

@SkipSession()
@Controller()
class Skipping extends Base {
  @UseSession() @Get() back(): string {
    return 'back';
  }
}

describe('traitsOf', () => {
  it.each([
    ['plain', { skips: false, declares: false, sendsByItself: false }],
    ['own', { declares: true }],
    ['entry', { declares: true }],
    ['nest', { declares: true }],
    ['marked', { declares: true }],
    ['sends', { declares: false, sendsByItself: true }],
    ['passes', { sendsByItself: false }],
    ['next', { sendsByItself: true }],
    ['renders', { sendsByItself: true }],
    ['events', { sendsByItself: true }],
  ] as const)('H4 knows %s', (name, traits) => {
    expect(traitsOf(Base, Base.prototype[name])).toMatchObject(traits);
  });

  it('H4 tells controllers apart that share a handler', () => {
    expect(traitsOf(Skipping, Base.prototype.plain).skips).toBe(true);
    expect(traitsOf(Base, Base.prototype.plain).skips).toBe(false);
    expect(traitsOf(Skipping, Base.prototype.marked).skips).toBe(false);
    expect(traitsOf(Skipping, Skipping.prototype.back)).toMatchObject({ skips: false, declares: true });
  });
});
