import type { Session } from '../../../lib/session/object/session.js';
import { SessionService } from '../../../lib/session/session.service.js';
import { systemClock } from '../../../lib/common/clock.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';
import { sessionSettings } from '../../support/sessions.js';

interface Shop {
  visits: number;
  cart: string[];
}

/** The compiler is the test: each expected error is one, and nothing else is. */
describe('The types of a session', () => {
  const sessions = new SessionService(new MemoryStore(), sessionSettings(), systemClock);

  it('are those of its entries', () => {
    const session: Session<Shop> = sessions.open<Shop>();
    session.visits = (session.visits ?? 0) + 1;
    const visits: number | undefined = session.get('visits');
    const withDefault: number | string = session.get('visits', 'none');
    session.set('cart', ['x']);
    const cart: string[] = session.setDefault('cart', []);
    session.update({ visits: 2 });
    const names: ('visits' | 'cart')[] = session.keys();
    expect([visits, withDefault, cart, names]).toEqual([1, 1, ['x'], ['visits', 'cart']]);
    const sameType: string[] = session.get('cart', []);
    const never: string | null = sessions.open<{ name?: string }>().get('name', null);
    const popped: string[] = session.pop('cart', []);
    expect([sameType, never, popped]).toEqual([['x'], null, ['x']]);
  });

  it('refuse what is none of them', () => {
    const session = sessions.open<Shop>();
    // @ts-expect-error no such entry
    session.get('visit');
    // @ts-expect-error another type
    session.set('visits', 'x');
    // @ts-expect-error another type
    session.update({ cart: 1 });
    // @ts-expect-error no such entry
    expect(session.visit).toBeUndefined();
    expect(() => {
      // @ts-expect-error a name of the session's own
      session.key = 'x';
    }).toThrow(TypeError);
  });

  it('are unknown where nothing is said', async () => {
    const session: Session = sessions.open();
    session['anything'] = 1;
    const value: unknown = session['anything'];
    const key: string | null = session.key;
    const typed: Session<Shop> = await sessions.load<Shop>('x');
    await sessions.save(typed);
    expect([value, key]).toEqual([1, expect.any(String)]);
  });
});
