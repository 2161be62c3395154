import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { StoreContext } from '../store-suite.js';
import { storeKeyOf, sessionKeysOf } from '../sessions.js';
import type { StoreUnderTest } from '../stores.js';
import { CACHE_OUTCOMES, CacheScene } from './cache-outcomes.js';
import { type Call, type Driven, drivenOf, failureOf, SECRET } from './driving.js';
import { SESSION_OUTCOMES, SessionScene, UNKNOWN } from './session-outcomes.js';

/** An operation, one of its outcomes, and the channel it is told on. */
export interface Outcome extends Omit<Driven<never>, 'prepare'> {
  readonly channel: 'cache' | 'session';
}

/**
 * Has each operation end in each way, one after another.
 *
 * @param around what is done with each call, which is prepared
 * @returns what was driven, and every secret that was used
 */
export const driveEveryOutcome = async (
  { open }: StoreUnderTest,
  around: (outcome: Outcome, call: Call) => Promise<unknown> = (_, call) => failureOf(call),
): Promise<{ outcomes: Outcome[]; secrets: string[] }> => {
  const opened = await open();
  const context = new StoreContext();
  context.begin(opened);
  const outcomes: Outcome[] = [];
  const secrets = new Set([SECRET, UNKNOWN, context.prefix]);
  const drive = async <Scene>(
    channel: Outcome['channel'],
    rows: readonly Driven<Scene>[],
    scene: () => Scene,
  ): Promise<void> => {
    for (const { prepare, ...row } of rows) {
      const call = await prepare(scene());
      const keys = await sessionKeysOf(context);
      await around({ channel, ...row }, call);
      for (const key of [...keys, ...(await sessionKeysOf(context))])
        secrets.add(key.slice(storeKeyOf(context, '').length));
      outcomes.push({ channel, ...row });
    }
  };
  const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  try {
    await drive('cache', drivenOf(CACHE_OUTCOMES), () => new CacheScene(context));
    await drive('session', drivenOf(SESSION_OUTCOMES), () => new SessionScene(context));
    return { outcomes, secrets: [...secrets] };
  } finally {
    warn.mockRestore();
    await context.end();
    await opened.close();
  }
};
