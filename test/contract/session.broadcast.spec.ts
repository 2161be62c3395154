import type { SessionEvent } from '../../lib/session/stored/session-events.js';
import type { SessionService } from '../../lib/session/session.service.js';
import type { Subscription } from '../../lib/store/subscription.js';
import { until } from '../support/redis-admin.js';
import { recorded, sessionsOf, storeSession, storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Sessions whose endings every process is told', (context) => {
  /** Waits until a process listens. */
  const listeningTo = async (heard: SessionEvent[]): Promise<() => void> => {
    const ready: Promise<void>[] = [];
    const store = storeWith(context.other, {
      subscribe: (...args): Subscription => {
        const subscription = context.other.subscribe(...args);
        ready.push(subscription.ready);
        return subscription;
      },
    });
    const sessions = sessionsOf(context, { broadcastEvents: true }, { store });
    const stop = sessions.events.on('ended', (event) => heard.push(event));
    expect(ready).toHaveLength(1);
    await Promise.all(ready);
    return stop;
  };

  const signedIn = async (sessions: SessionService): Promise<string> => {
    const session = sessions.open();
    await session.signIn(7);
    await sessions.commit(session);
    return session.key!;
  };

  it('US14 each ending and each new key is an ended event in every process, which shows no key', async () => {
    const sessions = sessionsOf(context, { broadcastEvents: true });
    const own: SessionEvent[] = [];
    const heard: SessionEvent[] = [];
    const stops = [sessions.events.on('ended', (event) => own.push(event)), await listeningTo(heard)];
    const [flushed, moved, ended, last] = [
      await storeSession(sessions, {}),
      await storeSession(sessions, {}),
      await signedIn(sessions),
      await signedIn(sessions),
    ];
    await (await sessions.load(flushed)).flush();
    const moving = await sessions.load(moved);
    await sessions.cycleKey(moving);
    const [{ handle } = { handle: '' }] = (
      await sessions.ofUser(7, { current: await sessions.load(ended) })
    ).filter(({ current }) => current);
    await sessions.endOne(7, handle);
    await sessions.endOfUser(7);
    await until('all have arrived', () => Promise.resolve(heard.length >= 4));
    for (const stop of stops) stop();
    expect(heard).toEqual(own);
    expect(new Set(own.map(({ session }) => session)).size).toBe(4);
    expect(own.map(({ successor }) => successor !== undefined)).toEqual([false, true, false, false]);
    const shown = JSON.stringify(heard);
    for (const key of [flushed, moved, moving.key!, ended, last]) expect(shown).not.toContain(key);
  });

  it('US14 without session.broadcastEvents nothing is published and nobody subscribes', async () => {
    const { store, calls } = recorded(context.store);
    const sessions = sessionsOf(context, {}, { store });
    const own: SessionEvent[] = [];
    const stop = sessions.events.on('ended', (event) => own.push(event));
    const key = await storeSession(sessions, {});
    await sessions.delete(key);
    stop();
    expect(own).toHaveLength(1);
    expect(calls).toEqual(['setIfAbsent', 'end']);
  });
});
