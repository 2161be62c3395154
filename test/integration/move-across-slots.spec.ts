import { randomUUID } from 'node:crypto';
import { RedisServiceError } from '../../lib/errors/redis.errors.js';
import { moveAcrossSlots } from '../../lib/store/redis/commands/move-across-slots.js';
import { type ScriptRunner, scriptRunner } from '../../lib/store/redis/commands/scripts/script-runner.js';
import { compareAndDeleteScript } from '../../lib/store/redis/commands/scripts/compare.js';
import { readWithTtlScript } from '../../lib/store/redis/commands/scripts/move.js';
import { SingleLink } from '../../lib/store/redis/single/single-link.js';
import { asNothing, asText } from '../../lib/store/redis/commands/replies.js';

describe('a move between slots', () => {
  let link: SingleLink;
  const from = randomUUID();
  const to = randomUUID();

  const put = (value: string): Promise<void> => link.send(from, ['SET', from, value], asNothing);
  const at = (key: string): Promise<string | null> => link.read(key, ['GET', key], asText);

  /** Scripts beside which another client changes the entry after each of the first copies. */
  const contested = (changes: number): ScriptRunner => {
    const run = scriptRunner(link);
    let changed = 0;
    return async (script, keys, args, parse) => {
      if (script === compareAndDeleteScript && keys[0] === from && changed < changes)
        await put(`${++changed}`);
      return run(script, keys, args, parse);
    };
  };

  beforeAll(() => {
    const url = process.env['TEST_REDIS_URL'] ?? '';
    link = new SingleLink({ url, clientOptions: {}, operationTimeoutMs: 1000, connectTimeoutMs: 2000 });
  });

  afterEach(() => link.send(from, ['UNLINK', from, to], asNothing));

  afterAll(() => link.close());

  it('copies again what was changed meanwhile', async () => {
    await put('0');
    expect(await moveAcrossSlots(link, contested(3), from, to)).toBe(true);
    expect([await at(from), await at(to)]).toEqual([null, '3']);
  });

  it('leaves no copy of what was changed and then deleted meanwhile', async () => {
    await put('0');
    const run = scriptRunner(link);
    let looks = 0;
    const meanwhile: ScriptRunner = async (script, keys, args, parse) => {
      if (script === compareAndDeleteScript && keys[0] === from) await put('1');
      if (script === readWithTtlScript && ++looks === 2) await link.send(from, ['UNLINK', from], asNothing);
      return run(script, keys, args, parse);
    };
    expect(await moveAcrossSlots(link, meanwhile, from, to)).toBe(false);
    expect([await at(from), await at(to)]).toEqual([null, null]);
  });

  it('gives an entry up that changes all the time, and leaves no copy', async () => {
    await put('0');
    const error: unknown = await moveAcrossSlots(link, contested(Infinity), from, to).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RedisServiceError);
    expect(error).toHaveProperty('replyCode', 'TRYAGAIN');
    expect([await at(from), await at(to)]).toEqual(['32', null]);
  });
});
