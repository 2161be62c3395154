import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { CodexRedisModule, type Serializer, SessionService } from '../../../lib/index.js';
import type { SessionOptions } from '../../../lib/config/session-options.js';
import { SECRET_KEY } from '../../support/http-app.js';

class Shouting implements Serializer {
  dumps(value: unknown): string {
    return `${JSON.stringify(value)}!`;
  }

  loads(text: string): unknown {
    return JSON.parse(text.slice(0, -1));
  }
}

describe('session.serializer', () => {
  const opened: TestingModule[] = [];

  afterEach(() => Promise.all(opened.splice(0).map((module) => module.close())));

  const start = async (
    serializer: SessionOptions['serializer'],
    imports: ModuleMetadata['imports'] = [],
    secretKey = SECRET_KEY,
  ): Promise<SessionService> => {
    const session = serializer === undefined ? {} : { serializer };
    const module = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({ url: 'memory:', projectName: 'shop', secretKey, session }),
        ...imports,
      ],
    }).compile();
    await module.init();
    opened.push(module);
    return module.get(SessionService);
  };

  /** What was signed: the first part of a text that is not compressed. */
  const contentOf = (text: string): string => Buffer.from(text.split(':')[0]!, 'base64url').toString('utf8');

  @Module({ providers: [{ provide: 'shouting', useClass: Shouting }] })
  class Elsewhere {}

  it.each<[string, SessionOptions['serializer'], Type[]]>([
    ['an instance', new Shouting(), []],
    ['a class', Shouting, []],
    ['a provider token', 'shouting', [Elsewhere]],
  ])('SE26 is %s, and what it writes is signed', async (_, serializer, imports) => {
    const sessions = await start(serializer, imports);
    const text = sessions.encode({ a: [1] });
    expect(contentOf(text)).toBe('{"a":[1]}!');
    expect(sessions.decode(text)).toEqual({ a: [1] });
    const session = sessions.open();
    session.set('a', [1]);
    await session.save();
    expect((await sessions.load(session.key!)).toJSON()).toEqual({ a: [1] });
    const other = await start(serializer, imports, `${SECRET_KEY}, and another one`);
    expect(other.decode(text)).toEqual({});
  });

  it('SE26 is JsonSerializer where none is named', async () => {
    const sessions = await start(undefined);
    expect(contentOf(sessions.encode({ a: [1] }))).toBe('{"a":[1]}');
  });

  it('SE26 a token of nothing is refused at start', async () => {
    await expect(start('nowhere')).rejects.toThrow(/session\.serializer names no serializer/);
  });
});
