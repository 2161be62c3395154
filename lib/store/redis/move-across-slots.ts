import type { KeyValueStore } from '../key-value-store.js';
import type { RedisReply } from './redis-link.js';
import { readWithTtlScript } from './scripts/move.js';
import type { ScriptRunner } from './scripts/script-runner.js';

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
 */
export const moveAcrossSlots = async (
  store: KeyValueStore,
  run: ScriptRunner,
  from: string,
  to: string,
): Promise<boolean> => {
  for (;;) {
    const original = await run(readWithTtlScript, [from], [], asSnapshot);
    if (original === null) return false;
    await store.set(to, original.value, original.ttl);
    const { outcome } = await store.compareAndDelete(from, original.value);
    if (outcome === 'done') return true;
    if (outcome === 'missing') {
      await store.compareAndDelete(to, original.value);
      return false;
    }
  }
};
