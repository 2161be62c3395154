import { jest } from '@jest/globals';
import { PLATFORMS } from '../support/http-app.js';
import { type Outcome, PlayedShop } from '../support/played-shop.js';

jest.setTimeout(180_000);

const POLLS = [
  ['polls that read and write', [['tick'], ['me']]],
  ['a page that polls one after another', [['tick', 'me', 'tick']]],
] as const;

const settings = PLATFORMS.flatMap((platform) => [1, 3].map((processes) => [platform, processes] as const));

/** An answer arrives in the moment it is sent, unless it says otherwise. */
describe.each(settings)(
  'Every order in which the store may answer, on %s in %i process(es)',
  (platform, processes) => {
    let shop: PlayedShop;

    beforeAll(async () => {
      shop = await PlayedShop.start(platform, processes);
    });

    afterAll(() => shop.close());

    const statuses = ({ answers }: Outcome): number[][] =>
      answers.map((of) => of.map(({ status }) => status));

    const isLoggedIn = ({ me }: Outcome): void => expect(me).toEqual({ user: '7', cart: ['Emma'] });

    const isLoggedOut = ({ me, stored }: Outcome): void => {
      expect(me).toEqual({ user: null, cart: null });
      expect(stored.filter((entries) => '_auth_user_id' in entries || 'cart' in entries)).toEqual([]);
    };

    it.each(POLLS)('SE18 a login beside %s leaves the visitor logged in, with the cart', async (_, polls) => {
      const orders = await shop.play({
        given: ['cart'],
        visits: [['login'], ...polls],
        check: (outcome) => {
          isLoggedIn(outcome);
          expect(statuses(outcome)[0]).toEqual([201]);
        },
      });
      expect(orders).toBeGreaterThan(20);
    });

    it.each(POLLS)('SE18 a logout beside %s leaves nobody logged in', async (_, polls) => {
      const orders = await shop.play({
        given: ['cart', 'login'],
        visits: [['logout'], ...polls],
        check: (outcome) => {
          isLoggedOut(outcome);
          expect(statuses(outcome)[0]).toEqual([201]);
        },
      });
      expect(orders).toBeGreaterThan(10);
    });

    it.each([
      ['whichever answer comes last', []],
      ['when the browser has given up the first', [0]],
    ])('SE15 SE18 two logins leave the visitor logged in, with the cart, %s', async (_, dropped) => {
      const seen = new Set<string>();
      await shop.play({
        given: ['cart'],
        visits: [['login'], ['login']],
        dropped,
        reordered: true,
        check: (outcome) => {
          isLoggedIn(outcome);
          expect(statuses(outcome)).toEqual([[201], [201]]);
          seen.add(outcome.arrivals.join(''));
        },
      });
      expect(seen).toEqual(new Set(['01', '10']));
    });

    it('SE17 SE18 two logins beside a poll', async () => {
      await shop.play({
        given: ['cart'],
        visits: [['login'], ['login'], [processes === 1 ? 'tick' : 'me']],
        check: (outcome) => {
          isLoggedIn(outcome);
          expect(statuses(outcome).slice(0, 2)).toEqual([[201], [201]]);
        },
      });
    });

    it.each(['me', 'tick'])(
      'SE13 SE18 an answer to %s that arrives after that of the login changes no cookie',
      async (poll) => {
        let overtaken = 0;
        await shop.play({
          given: ['cart'],
          visits: [['login'], [poll]],
          reordered: true,
          check: (outcome) => {
            // what was saved before the login has its cookie sent again: that answer must not be overtaken
            const wasSavedBefore = outcome.answers[1]![0]!.setCookies.length > 0;
            if (wasSavedBefore && outcome.arrivals.at(-1) === 1) overtaken++;
            else isLoggedIn(outcome);
          },
        });
        if (poll === 'me') expect(overtaken).toBe(0);
      },
    );

    it('SE13 a login after the logout is not undone by a late second logout', async () => {
      let overtaken = 0;
      const orders = await shop.play({
        given: ['cart', 'login'],
        visits: [['logout', 'login'], ['logout']],
        check: (outcome) => {
          expect(statuses(outcome)).toEqual([[201, 201], [201]]);
          // where it was the second that ended the session, its answer must not be overtaken by that of the login
          const hasEnded = outcome.answers[1]![0]!.setCookies.length > 0;
          if (hasEnded && outcome.arrivals.at(-1) === 1) overtaken++;
          else expect(outcome.me).toEqual({ user: '7', cart: null });
        },
      });
      expect(overtaken).toBeLessThan(orders / 2);
    });

    it('SE15 a regeneration beside a login always succeeds, and ends what it found with its successors', async () => {
      await shop.play({
        given: ['cart'],
        visits: [['regenerate'], ['login']],
        check: (outcome) => {
          const [regenerated, login] = statuses(outcome);
          expect(regenerated).toEqual([201]);
          expect([[201], [400]]).toContainEqual(login);
          expect(outcome.stored.filter((entries) => 'cart' in entries)).toEqual([]);
        },
      });
    });

    it('SE16 a login beside a logout is refused, or one of its own', async () => {
      const outcomes = new Set<number>();
      await shop.play({
        given: ['cart', 'login'],
        visits: [['login'], ['logout']],
        check: (outcome) => {
          const [[login]] = statuses(outcome) as [[number]];
          outcomes.add(login);
          // one that had moved the session was ended with it, and one that found it ended begins without its entries
          expect(outcome.stored.filter((entries) => 'cart' in entries)).toEqual([]);
          if (login === 400) isLoggedOut(outcome);
        },
      });
      expect(outcomes).toEqual(new Set([201, 400]));
    });
  },
);
