import type { SingleFlight } from '../../../lib/cache/read-through/single-flight.js';
import type { KeyValueStore } from '../../../lib/store/key-value-store.js';
import type { Fault } from './cache-history.js';

/** A store of which some verbs are wrong. */
export const withVerbs =
  (verbs: (store: KeyValueStore) => Partial<KeyValueStore>): NonNullable<Fault['store']> =>
  (store) => {
    const wrong = verbs(store);
    return new Proxy(store, {
      get: (target, verb) => {
        const member = Reflect.get(verb in wrong ? wrong : target, verb) as unknown;
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  };

type Board = SingleFlight['board'];

/** Flights that are boarded in another way. */
export const withFlights =
  (boarding: (board: Board) => Board): NonNullable<Fault['flights']> =>
  (flights) => {
    flights.board = boarding(flights.board.bind(flights));
    return flights;
  };

export const isCompanion = (key: string): boolean => /:(grace|lease):/.test(key);
