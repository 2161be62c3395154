import { Logger } from '@nestjs/common';
import * as library from '../../lib/index.js';
import { ConnectionReport } from '../../lib/store/redis/connection/connection-report.js';
import { NOT_NOW } from '../../lib/store/redis/connection/translate-error.js';
import { pages } from './pages.js';

const { HttpMappedError } = library;

type ErrorType = abstract new (...args: string[]) => library.CodexRedisError;

/** One of each class of errors that the package exports. */
const errors = Object.values(library)
  .filter((value) => typeof value === 'function')
  .map((value) => value as unknown as ErrorType)
  .filter(({ prototype }) => (prototype as unknown) instanceof Error)
  .filter(({ name }) => name !== 'CodexRedisError' && name !== 'HttpMappedError')
  .map(
    (type) =>
      Reflect.construct(
        type,
        ['SessionInterruptedError', 'SessionLimitError', 'SessionStaleError'].includes(type.name)
          ? []
          : ['x'],
      ) as library.CodexRedisError,
  );

const PAGES = pages();
const textOf = (name: string): string => PAGES.find(({ path }) => path.endsWith(name))?.text ?? '';
const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, word = '']) => word);

describe('the pages about errors', () => {
  it('list each error with its code and its status', () => {
    const rows = [...textOf('entry-points.md').matchAll(/^\| `(\w+Error)` +\| `(\w+)` +\| (\d*) *\|/gm)];
    const listed = rows.map(([, name, code, status]) => [name, code, status]);
    const known = errors.map((error) => [
      error.name,
      error.code,
      error instanceof HttpMappedError ? String(error.getStatus()) : '',
    ]);
    expect(known.length).toBeGreaterThan(12);
    expect(listed.sort()).toEqual(known.sort());
  });

  it('name no error and no code that there is not', () => {
    const text = PAGES.map((page) => page.text).join('\n');
    const codes = new Set(matches(text, /`(CODEX_REDIS_[A-Z_]+)`/g).filter((code) => !code.endsWith('_MS')));
    expect([...codes].filter((code) => errors.every((error) => error.code !== code))).toEqual([]);
    const ofModule =
      /`((?:Redis|Session|CacheKey|CacheFactory|CacheLock|ImproperlyConfigured|Serialization|HttpMapped)\w*Error)`/g;
    const names = new Set(matches(text, ofModule));
    expect(names.size).toBeGreaterThan(5);
    expect([...names].filter((name) => !(name in library))).toEqual([]);
  });

  it('list the replies that mean "not now"', () => {
    const [, listed = ''] = /but may serve it later:([^.]+)\./.exec(textOf('failures.md')) ?? [];
    expect(matches(listed, /`([A-Z]+)`/g)).toEqual([...NOT_NOW]);
  });

  it('quote what the log says of an outage', () => {
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));
    Logger.overrideLogger({ log: note, warn: note, error: note });
    const report = new ConnectionReport({ holdsSessions: true }, () => 'redis.internal:6379');
    report.update({ isReady: false, failure: new Error('ECONNRESET'), readySince: 0 });
    report.update({ isReady: true, failure: undefined, readySince: 0 });
    Logger.overrideLogger(false);
    const text = textOf('failures.md');
    const [lost = '', back = ''] = lines;
    const quoted = matches(text, /`(The connection of [^`]+)`/g);
    expect(quoted).toEqual([lost.replace('redis.internal:6379', '…').replace('ECONNRESET', '…')]);
    expect(matches(text, /one line when the connection `([^`]+)`/g)).toEqual([back.replace(/^.*6379 /, '')]);
  });

  it('say what HTTP is told', () => {
    const text = textOf('failures.md');
    const told = errors.filter((error) => error instanceof HttpMappedError);
    const unavailable = told.filter((error) => error.getStatus() === 503);
    expect(new Set(unavailable.map((error) => error.getResponse().message))).toEqual(
      new Set(matches(text, /For a 503 the message is always `([^`]+)`/g)),
    );
    for (const error of told) {
      const names = Object.keys(error.getResponse());
      expect(text).toContain(`\`{ ${names.join(', ')} }\``);
      if (error.getStatus() !== 503) expect(error.getResponse().message).toBe(error.message);
    }
  });
});
