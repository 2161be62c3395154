import { Controller, Get, Query, Session as NestSession } from '@nestjs/common';
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
    ['plain', { skips: false, declares: false }],
    ['own', { declares: true }],
    ['entry', { declares: true }],
    ['nest', { declares: true }],
    ['marked', { declares: true }],
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
