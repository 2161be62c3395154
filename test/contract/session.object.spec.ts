import type { Session } from '../../lib/session/object/session.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { recorded, sessionsOf, storeKeyOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

interface Shop {
  a: number;
  b: string;
  n: null;
  cart: { sku: string; count?: number }[];
}

describeOnEveryStore('Session, the object', (context) => {
  let sessions: SessionService;
  let session: Session<Shop>;

  beforeEach(() => {
    sessions = sessionsOf(context);
    session = sessions.open<Shop>();
  });

  /** A stored session with these entries, loaded afresh. */
  const stored = async (entries: Partial<Shop>): Promise<Session<Shop>> => {
    const first = sessions.open<Shop>();
    first.update(entries);
    await sessions.save(first);
    return sessions.load<Shop>(first.key!);
  };

  it('S1 a new one is neither accessed nor modified', () => {
    expect(session.accessed).toBe(false);
    expect(session.modified).toBe(false);
    expect(session.isNew).toBe(true);
    expect(session.key).toBeNull();
  });

  it('S1 nor is a loaded one', async () => {
    const loaded = await stored({ a: 1 });
    expect(loaded.accessed).toBe(false);
    expect(loaded.modified).toBe(false);
    expect(loaded.isNew).toBe(false);
  });

  it('S2 a missing entry is undefined or the default, and looking for it is an access', () => {
    expect(session.get('a')).toBeUndefined();
    expect(session.get('a', 'none')).toBe('none');
    expect(session.accessed).toBe(true);
    expect(session.modified).toBe(false);
  });

  it('S2 a stored null is no miss', async () => {
    const loaded = await stored({ n: null });
    expect(loaded.get('n', 'none')).toBeNull();
  });

  it('S3 what is set is readable, and the session modified', () => {
    session.set('a', 1);
    expect(session.get('a')).toBe(1);
    expect(session.accessed).toBe(true);
    expect(session.modified).toBe(true);
  });

  it('S4 pop gives an entry and deletes it', async () => {
    const loaded = await stored({ a: 1, b: 'x' });
    expect(loaded.pop('a')).toBe(1);
    expect(loaded.has('a')).toBe(false);
    expect(loaded.modified).toBe(true);
    await sessions.save(loaded);
    expect((await sessions.load(loaded.key!)).entries()).toEqual([['b', 'x']]);
  });

  it('S5 pop of a missing entry gives the default', async () => {
    const loaded = await stored({ a: 1 });
    expect(loaded.pop('b', 'none')).toBe('none');
    expect(loaded.pop('b')).toBeUndefined();
  });

  it('S6 and does not modify the session', async () => {
    const loaded = await stored({ a: 1 });
    loaded.pop('b', 'none');
    expect(loaded.accessed).toBe(true);
    expect(loaded.modified).toBe(false);
  });

  it('S7 setDefault sets what is missing and gives what is there', async () => {
    const loaded = await stored({ a: 1 });
    expect(loaded.setDefault('a', 2)).toBe(1);
    expect(loaded.modified).toBe(false);
    expect(loaded.setDefault('b', 'x')).toBe('x');
    expect(loaded.modified).toBe(true);
    expect(loaded.get('b')).toBe('x');
  });

  it('S8 update sets several', async () => {
    const loaded = await stored({ a: 1 });
    loaded.update({ a: 2, b: 'x' });
    expect(loaded.modified).toBe(true);
    await sessions.save(loaded);
    expect((await sessions.load(loaded.key!)).toJSON()).toEqual({ a: 2, b: 'x' });
  });

  it('S8 update sets all of them or none', () => {
    expect(() => session.update({ a: 1, b: new Date(0) as unknown as string })).toThrow(/b: Date/);
    expect(session.isEmpty).toBe(true);
    expect(session.modified).toBe(false);
  });

  it.each([new Map([['a', 1]]), [['a', 1]], 'text', null, undefined, 5])(
    'S8 update refuses what has no entries by name: %p',
    (entries) => {
      expect(() => session.update(entries as never)).toThrow(
        /session\.update\(\) takes an object of entries/,
      );
      expect(session.modified).toBe(false);
    },
  );

  it('S9 has tells whether an entry is there', () => {
    session.set('n', null);
    expect(session.has('n')).toBe(true);
    expect(session.has('a')).toBe(false);
    expect(session.accessed).toBe(true);
  });

  it('S10 keys, values and entries come in the order of their insertion', async () => {
    const other = sessions.open();
    other.update({ z: 1, a: 2, 10: 'ten', m: 3, 9: 'nine' });
    await sessions.save(other);
    const loaded = await sessions.load(other.key!);
    expect(loaded.keys()).toEqual(['9', '10', 'z', 'a', 'm']);
    expect(loaded.values()).toEqual(['nine', 'ten', 1, 2, 3]);
    expect(loaded.entries()).toEqual([
      ['9', 'nine'],
      ['10', 'ten'],
      ['z', 1],
      ['a', 2],
      ['m', 3],
    ]);
  });

  it('S11 delete removes an entry and tells whether there was one', async () => {
    const loaded = await stored({ a: 1 });
    expect(loaded.delete('b')).toBe(false);
    expect(loaded.modified).toBe(false);
    expect(loaded.delete('a')).toBe(true);
    expect(loaded.modified).toBe(true);
    await sessions.save(loaded);
    expect((await sessions.load(loaded.key!)).keys()).toEqual([]);
  });

  it('S12 clear empties the data, keeps the key, and the stored copy until the save', async () => {
    const loaded = await stored({ a: 1 });
    const { key } = loaded;
    loaded.clear();
    expect(loaded.keys()).toEqual([]);
    expect(loaded.key).toBe(key);
    expect(loaded.modified).toBe(true);
    expect((await sessions.load(key!)).keys()).toEqual(['a']);
    await sessions.save(loaded);
    expect(loaded.key).toBe(key);
    expect((await sessions.load(key!)).keys()).toEqual([]);
    expect(await context.store.has(storeKeyOf(context, key))).toBe(true);
  });

  it('S13 SX8 making one, its key and isEmpty cost no command', async () => {
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const known = watched.open('k'.repeat(32));
    expect(known.key).toBeNull();
    expect(known.isNew).toBe(true);
    expect(known.isEmpty).toBe(false);
    expect(watched.open().isEmpty).toBe(true);
    await Promise.resolve();
    expect(calls).toEqual([]);
  });

  it('S13 a request that brings no key and only reads costs no command, ever', async () => {
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, { saveEveryRequest: true }, { store });
    const anonymous = watched.open();
    await watched.ensureLoaded(anonymous);
    expect(anonymous.get('a')).toBeUndefined();
    expect(anonymous.getExpiryAge()).toBe(1_209_600);
    expect(await watched.commit(anonymous)).toEqual({ outcome: 'nothing', key: null });
    expect(calls).toEqual([]);
  });

  it('S14 isEmpty: neither a key nor an entry', async () => {
    expect(session.isEmpty).toBe(true);
    session.set('a', 1);
    expect(session.isEmpty).toBe(false);
    session.delete('a');
    expect(session.isEmpty).toBe(true);
    const created = await sessions.create();
    expect(created.keys()).toEqual([]);
    expect(created.isEmpty).toBe(false);
  });

  it('S38 an entry changed inside is saved, although nobody said so', async () => {
    const loaded = await stored({ cart: [{ sku: 'x' }], a: 1 });
    loaded.get('cart')?.push({ sku: 'y' });
    expect(await sessions.commit(loaded)).toEqual({ outcome: 'saved', key: loaded.key });
    expect((await sessions.load<Shop>(loaded.key!)).cart).toEqual([{ sku: 'x' }, { sku: 'y' }]);
  });

  it.each(['get', 'property', 'values', 'entries', 'toJSON', 'setDefault', 'spread'])(
    'S38 also deep inside of what %s gave',
    async (way) => {
      const loaded = await stored({ cart: [{ sku: 'x', count: 1 }] });
      const ways: Record<string, () => Shop['cart'] | undefined> = {
        get: () => loaded.get('cart'),
        property: () => loaded.cart,
        values: () => loaded.values()[0] as Shop['cart'],
        entries: () => loaded.entries()[0]![1] as Shop['cart'],
        toJSON: () => loaded.toJSON().cart,
        setDefault: () => loaded.setDefault('cart', []),
        spread: () => ({ ...loaded }).cart,
      };
      ways[way]!()![0]!.count = 2;
      expect((await sessions.commit(loaded)).outcome).toBe('saved');
      expect((await sessions.load<Shop>(loaded.key!)).cart).toEqual([{ sku: 'x', count: 2 }]);
    },
  );

  it('S38 an entry changed inside after it was set is saved by the next save', async () => {
    const cart = [{ sku: 'x' }];
    session.set('cart', cart);
    await sessions.save(session);
    cart.push({ sku: 'y' });
    expect((await sessions.commit(session)).outcome).toBe('created');
    expect((await sessions.load<Shop>(session.key!)).cart).toHaveLength(2);
  });

  it('S38 what was only read is not written, no matter which program wrote it', async () => {
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const { key } = await stored({ cart: [{ sku: 'ü' }] });
    const looked = await watched.load<Shop>(key!);
    expect(looked.cart).toHaveLength(1);
    expect(JSON.stringify(looked)).toContain('ü');
    expect(await watched.commit(looked)).toEqual({ outcome: 'nothing', key });
    expect(calls).toEqual(['get']);
  });

  it('S38 the value that is there already, set again, is a change', async () => {
    const loaded = await stored({ a: 1 });
    loaded.set('a', 1);
    expect((await sessions.commit(loaded)).outcome).toBe('saved');
  });
});
