import { Controller, Get, Next, Query, Render, Res, Sse } from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import { sendsByItself } from '../../../lib/common/handlers.js';

@Controller()
class Handlers {
  @Get() plain(@Query('q') q: string): string {
    return q;
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

describe('sendsByItself', () => {
  it.each([
    ['plain', false],
    ['sends', true],
    ['passes', false],
    ['next', true],
    ['renders', true],
    ['events', true],
  ] as const)('is right about %s', (name, sends) => {
    expect(sendsByItself(Handlers, Handlers.prototype[name])).toBe(sends);
  });
});
