import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SessionInterruptedError } from '../../../../lib/errors/session.errors.js';
import {
  SessionEventEmitter,
  type SessionEvent,
  type SessionEventName,
} from '../../../../lib/session/stored/session-events.js';
import { SessionService } from '../../../../lib/session/session.service.js';
import { systemClock } from '../../../../lib/common/clock.js';
import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';
import { sessionSettings } from '../../../support/sessions.js';

const NAMES: readonly SessionEventName[] = ['created', 'cycled', 'flushed', 'interrupted', 'corrupt'];

describe('Session events', () => {
  it('tell what happens to a session, by a hash of its key', async () => {
    const sessions = new SessionService(new MemoryStore(), sessionSettings(), systemClock);
    const seen: SessionEvent[] = [];
    for (const name of NAMES) sessions.events.on(name, (event) => seen.push(event));
    const session = await sessions.create();
    const first = session.key!;
    await sessions.cycleKey(session);
    const second = session.key!;
    const late = await sessions.load(second);
    await session.flush();
    await expect(late.save()).rejects.toThrow(SessionInterruptedError);
    expect(seen.map(({ name }) => name)).toEqual([
      'session.created',
      'session.cycled',
      'session.flushed',
      'session.interrupted',
    ]);
    expect(seen[1]).toMatchObject({ previous: seen[0]!.session, session: seen[2]!.session });
    expect(seen[3]!.session).toBe(seen[2]!.session);
    expect(seen[0]!.session).not.toBe(seen[2]!.session);
    expect(JSON.stringify(seen)).not.toMatch(new RegExp(`${first}|${second}`));
  });

  it('cost nothing while nobody listens', () => {
    const fingerprint = jest.fn((key: string) => key);
    const events = new SessionEventEmitter(fingerprint, new Logger());
    const end = events.on('created', () => undefined);
    events.emit('flushed', 'k');
    end();
    events.emit('created', 'k');
    expect(fingerprint).not.toHaveBeenCalled();
  });

  it('a listener that throws, or rejects later, harms nobody', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const events = new SessionEventEmitter((key) => `#${key}`, new Logger());
    const listener = jest.fn();
    events.on('created', () => {
      throw new Error('the audit log is full');
    });
    events.on('created', listener);
    expect(() => events.emit('created', 'k')).not.toThrow();
    expect(listener).toHaveBeenCalledWith({ name: 'session.created', session: '#k' });
    expect(error).toHaveBeenCalledTimes(1);
    events.on('flushed', async () => {
      await Promise.resolve();
      throw new Error('the audit log is down');
    });
    events.emit('flushed', 'k');
    await new Promise((resolve) => setTimeout(resolve, 1));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    expect(error).toHaveBeenLastCalledWith('A listener of session.flushed threw', expect.any(String));
    error.mockRestore();
  });
});
