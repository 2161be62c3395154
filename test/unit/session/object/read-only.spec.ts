import { systemClock } from '../../../../lib/common/clock.js';
import { sessionStateOf } from '../../../../lib/session/object/state-of.js';
import { SessionService } from '../../../../lib/session/session.service.js';
import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';
import { sessionSettings, storeSession } from '../../../support/sessions.js';

interface Visitor {
  cart: { lines: number[] };
}

describe('A read-only session', () => {
  const store = new MemoryStore();
  const sessions = new SessionService(store, sessionSettings(), systemClock);
  afterAll(() => store.close());

  it('SE27 refuses a change inside of an entry, also after a reload, and no other session does', async () => {
    const key = await storeSession(sessions, { cart: { lines: [1] } });
    const session = sessions.open<Visitor>(key);
    sessionStateOf(session).use.beReadOnly();
    await sessions.ensureLoaded(session);
    expect(session.cart).toEqual({ lines: [1] });
    expect(() => session.cart!.lines.push(2)).toThrow(TypeError);
    await session.reload();
    expect(() => (session.cart!.lines[0] = 2)).toThrow(TypeError);
    const other = await sessions.load<Visitor>(key);
    other.cart!.lines.push(2);
    await other.save();
    await session.reload();
    expect(session.cart).toEqual({ lines: [1, 2] });
  });
});
