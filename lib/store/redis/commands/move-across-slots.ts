import { RedisServiceError } from '../../../errors/redis.errors.js';
import type { RedisLink, RedisReply } from '../link/redis-link.js';
import { asNothing } from './replies.js';
import { compareAndDeleteScript, parseCompareOutcome } from './scripts/compare.js';
import { readWithTtlScript, setBothScript } from './scripts/move.js';
import type { ScriptRunner } from './scripts/script-runner.js';
import { asPx, setCommand } from './set-command.js';

/** An entry that changes this often between a copy and its deletion is given up. */
const MOST_COPIES = 32;

interface Snapshot {
  readonly value: string;
  readonly ttl: number | null;
  readonly companion?: Snapshot;
}

const asSnapshot = (reply: RedisReply): Snapshot | null => {
  if (reply === null) return null;
  const [value, ttl, companion, left] = reply as readonly [string, number, string | null, number | null];
  const beside = companion === null ? {} : { companion: { value: companion, ttl: asTtl(left ?? 0) } };
  return { value, ttl: asTtl(ttl), ...beside };
};

const asTtl = (left: number): number | null => (left < 0 ? null : left);

const px = (ttl: number | null): string => (ttl === null ? '' : asPx(ttl));

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
  [fromCompanion, toCompanion]: readonly [string?, string?] = [],
): Promise<boolean> => {
  const source: [string, ...string[]] = fromCompanion === undefined ? [from] : [from, fromCompanion];
  let copy: string | undefined;
  const withdraw = async (): Promise<void> => {
    if (copy !== undefined) await run(compareAndDeleteScript, [to], [copy], parseCompareOutcome);
  };
  for (let copies = 0; copies < MOST_COPIES; copies++) {
    const original = await run(readWithTtlScript, source, [], asSnapshot);
    if (original === null) {
      await withdraw();
      return false;
    }
    copy = original.value;
    const { ttl, companion } = original;
    if (companion === undefined && toCompanion !== undefined)
      await link.send(toCompanion, ['UNLINK', toCompanion], asNothing);
    if (companion === undefined || toCompanion === undefined)
      await link.send(to, setCommand(to, copy, ttl), asNothing);
    else {
      const args = [copy, companion.value, px(ttl), px(companion.ttl)];
      await run(setBothScript, [to, toCompanion], args, asNothing);
    }
    const { outcome } = await run(compareAndDeleteScript, [from], [copy], parseCompareOutcome);
    if (outcome === 'done') return true;
  }
  await withdraw();
  throw new RedisServiceError('TRYAGAIN');
};
