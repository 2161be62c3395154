import { PLATFORMS } from '../support/http-app.js';
import { BothSides } from './both-sides.js';
import type { NestServer } from './nest-server.js';
import type { Side, Visitor } from './visitor.js';

/** Longer than a signature, and of words that compress. */
const LONG = { text: 'Grüezi mitenand, 你好, 🚲! '.repeat(100) };

const EVERYTHING = {
  text: 'quotes " and \\ and \u0000 and \u2028',
  'näme 🚲': 'Ærøskøbing 東京',
  numbers: [0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER],
  truths: [true, false, null],
  nested: { list: [{ deep: [[]] }, {}] },
  empty: '',
};

let sides: BothSides;

beforeAll(async () => {
  sides = await BothSides.start();
}, 60_000);

afterAll(() => sides.stop());

describe.each(PLATFORMS)('the session that Django shares with Nest on %s', (platform) => {
  let nest: NestServer;

  beforeAll(async () => {
    nest = await sides.startNest({}, { platform });
  });

  const stored = async (visitor: Visitor): Promise<string> =>
    (await sides.redis.get(sides.storeKey(visitor))) ?? '';

  describe.each(['Django', 'Nest'])('begun in %s', (beginner) => {
    const here = (): Side => (beginner === 'Django' ? sides.django : nest);
    const there = (): Side => (beginner === 'Django' ? nest : sides.django);

    it('is read on the other side, whatever JSON it holds', async () => {
      const visitor = await sides.visitorOf(here(), EVERYTHING);
      expect(await visitor.reads(there())).toEqual(EVERYTHING);
    });

    it('is changed on the other side and read again', async () => {
      const visitor = await sides.visitorOf(here(), EVERYTHING);
      await visitor.does(there(), 'update', { entries: { added: 'ändert' } });
      expect(await visitor.reads(here())).toEqual({ ...EVERYTHING, added: 'ändert' });
    });

    it('is read compressed', async () => {
      const visitor = await sides.visitorOf(here(), LONG);
      expect(await stored(visitor)).toMatch(/^\./);
      expect(await visitor.reads(there())).toEqual(LONG);
    });

    it('has a key of 32 characters and the form payload:timestamp:signature', async () => {
      const visitor = await sides.visitorOf(here(), { a: 1 });
      expect(visitor.key).toMatch(/^[a-z0-9]{32}$/);
      expect(await stored(visitor)).toMatch(/^[\w-]+:[0-9A-Za-z]+:[\w-]{43}$/);
    });
  });

  it('keeps an integer of Django that is too large for a number', async () => {
    const visitor = sides.visitor();
    const digits = String(2n ** 60n);
    const entries = `{"entries":{"big":${digits}}}`;
    await visitor.sendText(sides.django, 'update', entries);
    await visitor.does(nest, 'update', { entries: { other: 1 } });
    const { body } = await visitor.send(sides.django, 'read');
    expect(body).toContain(`"big": ${digits}`);
  });

  it('is not adopted from a cookie that nobody has stored', async () => {
    const visitor = sides.visitor();
    for (const side of [sides.django, nest]) {
      visitor.key = 'a'.repeat(32);
      await visitor.does(side, 'update', { entries: { a: 1 } });
      expect(visitor.key).toMatch(/^[a-z0-9]{32}$/);
      expect(visitor.key).not.toBe('a'.repeat(32));
    }
  });

  it('outlives the clearsessions of Django', async () => {
    const visitor = await sides.visitorOf(nest, { a: 1 });
    await visitor.does(sides.django, 'clear-expired');
    expect(await visitor.reads(sides.django)).toEqual({ a: 1 });
  });
});
