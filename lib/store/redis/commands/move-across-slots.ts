import { RedisServiceError } from '../../../errors/redis.errors.js';
import type { RedisLink, RedisReply } from '../link/redis-link.js';
import { asNothing } from './replies.js';
import { compareAndDeleteScript, parseCompareOutcome } from './scripts/compare.js';
import { readWithTtlScript } from './scripts/move.js';
import type { ScriptRunner } from './scripts/script-runner.js';
import { setCommand } from './set-command.js';

/** An entry that changes this often between a copy and its deletion is given up. */
const MOST_COPIES = 32;

interface Snapshot {
  readonly value: string;
  readonly ttl: number | null;
}

const asSnapshot = (reply: RedisReply): Snapshot | null => {
  if (reply === null) return null;
  const [value, ttl] = reply as readonly [string, number];
  return { value, ttl: ttl < 0 ? null : ttl };
};

/**
 * Moves an entry between slots, which no one command can: copies it, then deletes the original while it is still
 * what was copied. Changed meanwhile: copied again; deleted meanwhile: the copy goes too.
 *
 * @throws RedisServiceError (TRYAGAIN, as a cluster says of keys on the move) for an entry that changes all the time;
 *   it stays where it is.
 */
export const moveAcrossSlots = async (
  link: Pick<RedisLink, 'send'>,
  run: ScriptRunner,
  from: string,
  to: string,
): Promise<boolean> => {
  let copy: string | undefined;
  const withdraw = async (): Promise<void> => {
    if (copy !== undefined) await run(compareAndDeleteScript, [to], [copy], parseCompareOutcome);
  };
  for (let copies = 0; copies < MOST_COPIES; copies++) {
    const original = await run(readWithTtlScript, [from], [], asSnapshot);
    if (original === null) {
      await withdraw();
      return false;
    }
    copy = original.value;
    await link.send(to, setCommand(to, copy, original.ttl), asNothing);
    const { outcome } = await run(compareAndDeleteScript, [from], [copy], parseCompareOutcome);
    if (outcome === 'done') return true;
  }
  await withdraw();
  throw new RedisServiceError('TRYAGAIN');
};
