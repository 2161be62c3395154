import { readFileSync } from 'node:fs';
import { CacheEvict, CacheService, Cacheable, CachePut } from 'nestjs-codex-redis';
import { TypedCache } from '../../lib/cache/typed/typed-cache.js';
import { systemClock } from '../../lib/common/clock.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { blamedLine, failureOf } from '../support/blamed-line.js';
import { sessionSettings } from '../support/sessions.js';

const source = readFileSync('test/unit/unknown-call-options.spec.ts', 'utf8').split('\n');

describe('An unknown option of a call', () => {
  const store = new MemoryStore();
  const settings = { place: 'cache.', keyPrefix: 'k', timeoutMs: 1000, version: 1 };
  const cache = new CacheService(
    store,
    { ...settings, keyFunction: undefined, keyPattern: undefined },
    new JsonSerializer(),
  );
  const form = { dump: (value: unknown) => value, load: (value: unknown) => value };
  const typed = new TypedCache<string, unknown, unknown>(
    { name: 'typed', key: (id: string) => id, form: () => form },
    () => cache,
  );
  const sessions = new SessionService(store, sessionSettings(), systemClock);
  const session = sessions.open();

  /** As the compiler would not let it pass. */
  const wrong = (name: string): never => ({ [name]: 1 }) as never;

  afterAll(() => store.close());

  it.each<[string, string, () => unknown]>([
    ['get', 'version', () => cache.get('k', undefined, wrong('verison'))],
    ['set', 'timeout', () => cache.set('k', 1, wrong('ttl'))],
    ['add', 'tags', () => cache.add('k', 1, wrong('tag'))],
    ['delete', 'version', () => cache.delete('k', wrong('verison'))],
    ['has', 'version', () => cache.has('k', wrong('verison'))],
    ['touch', 'timeout', () => cache.touch('k', wrong('timeuot'))],
    ['expire', 'version', () => cache.expire('k', 1, wrong('verison'))],
    ['expireAt', 'version', () => cache.expireAt('k', new Date(), wrong('verison'))],
    ['persist', 'version', () => cache.persist('k', wrong('verison'))],
    ['ttl', 'version', () => cache.ttl('k', wrong('verison'))],
    ['getMany', 'version', () => cache.getMany(['k'], wrong('verison'))],
    ['setMany', 'timeout', () => cache.setMany({ k: 1 }, wrong('ttl'))],
    ['deleteMany', 'version', () => cache.deleteMany(['k'], wrong('verison'))],
    ['incr', 'version', () => cache.incr('k', 1, wrong('verison'))],
    ['decr', 'version', () => cache.decr('k', 1, wrong('verison'))],
    ['incrVersion', 'version', () => cache.incrVersion('k', 1, wrong('verison'))],
    ['decrVersion', 'version', () => cache.decrVersion('k', 1, wrong('verison'))],
    ['getOrSet', 'softTimeout', () => cache.getOrSet('k', () => 1, wrong('softTimout'))],
    ['getOrSetMany', 'timeout', () => cache.getOrSetMany(['k'], () => ({}), wrong('ttl'))],
    ['withLock', 'lease', () => cache.withLock('k', () => 1, wrong('ttl'))],
    ['deletePattern', 'version', () => cache.deletePattern('*', wrong('verison'))],
    ['keys', 'version', () => cache.keys('*', wrong('verison')).next()],
    ['get', 'version', () => typed.get('k', wrong('verison'))],
    ['getMany', 'version', () => typed.getMany(['k'], wrong('verison'))],
    ['delete', 'version', () => typed.delete('k', wrong('verison'))],
    ['set', 'timeout', () => typed.set('k', 1, wrong('ttl'))],
    ['setMany', 'timeout', () => typed.setMany([['k', 1]], wrong('ttl'))],
    ['getOrSet', 'jitter', () => typed.getOrSet('k', () => 1, wrong('jiter'))],
    ['getOrSetMany', 'timeout', () => typed.getOrSetMany(['k'], () => [], wrong('ttl'))],
    ['Cacheable', 'timeout', () => Cacheable(() => 'k', wrong('ttl'))],
    ['CachePut', 'timeout', () => CachePut(() => 'k', wrong('ttl'))],
    ['CacheEvict', 'version', () => CacheEvict(() => 'k', wrong('verison'))],
    ['CacheEvict', 'cache', () => CacheEvict({ all: true }, wrong('cashe'))],
    ['save', 'mustCreate', () => sessions.save(session, wrong('mustCraete'))],
    ['ofUser', 'current', () => sessions.ofUser(7, wrong('curent'))],
    ['endOfUser', 'except', () => sessions.endOfUser(7, wrong('excpet'))],
    ['reindex', 'onProgress', () => sessions.reindex(wrong('onprogres'))],
    ['signIn', 'device', () => session.signIn(7, wrong('devcie'))],
  ])(
    'CN19 of %s is refused with the nearest known one, %s, at the line of the caller',
    async (verb, nearest, call) => {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(TypeError);
      const { message } = error as Error;
      expect(message).toMatch(
        new RegExp(`^(${verb}|timeout): expected .*\\b${nearest}\\b.* }; got an object with "`),
      );
      expect(message).toMatch(new RegExp(`" \\(did you mean \`${nearest}\`\\?\\)$`));
      const [file, line] = blamedLine(error).split(':');
      expect(file).toBe('unknown-call-options.spec.ts');
      expect(source[Number(line) - 1]).toContain(`${verb}(`);
    },
  );

  it('CN19 is refused without a question when none is near', async () => {
    await expect(cache.delete('k', wrong('zebra'))).rejects.toThrow(
      /^delete: expected { version }; got an object with "zebra"$/,
    );
  });

  it.each<[string, unknown]>([
    ['an array', ['k']],
    ['a string', 'another key'],
    ['a number', 2],
    ['null', null],
  ])('CN19 is refused in %s in place of options', async (_, given) => {
    const calls: [string, () => unknown][] = [
      ['get', () => cache.get('k', 0, given as never)],
      ['delete', () => cache.delete('k', given as never)],
      ['getMany', () => cache.getMany(['k'], given as never)],
      ['withLock', () => cache.withLock('k', () => 1, given as never)],
      ['delete', () => typed.delete('k', given as never)],
      ['save', () => sessions.save(session, given as never)],
      ['ofUser', () => sessions.ofUser(7, given as never)],
      ['signIn', () => session.signIn(7, given as never)],
    ];
    for (const [verb, call] of calls) {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(new RegExp(`^${verb}: expected \\{ .* \\}; got `));
    }
  });

  it('is accepted where options leave a known one undefined, or are not given', async () => {
    await cache.set('k', 1, { version: undefined });
    expect(await cache.get('k', 0, { version: undefined })).toBe(1);
    expect(await cache.withLock('k', () => 1, {})).toBe(1);
    expect(await sessions.ofUser(7, {})).toEqual([]);
  });
});
