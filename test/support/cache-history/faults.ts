import type { SingleFlight } from '../../../lib/cache/read-through/single-flight.js';
import type { KeyValueStore } from '../../../lib/store/key-value-store.js';
import { storeWith } from '../sessions.js';
import type { Fault } from './cache-history.js';

/** A store of which some verbs are wrong. */
export const withVerbs =
  (verbs: (store: KeyValueStore) => Partial<KeyValueStore>): NonNullable<Fault['store']> =>
  (store) =>
    storeWith(store, verbs(store));

type Board = SingleFlight['board'];

/** Flights that are boarded in another way. */
export const withFlights =
  (boarding: (board: Board) => Board): NonNullable<Fault['flights']> =>
  (flights) => {
    flights.board = boarding(flights.board.bind(flights));
    return flights;
  };

export const isCompanion = (key: string): boolean => /:(grace|lease):/.test(key);

/** Deletes an entry before its companions, which go in a later turn. */
export const entriesFirst: NonNullable<Fault['store']> = (store) => {
  let companions: readonly string[] = [];
  return storeWith(store, {
    deleteMany: (keys) => {
      if (!keys.some(isCompanion)) return store.deleteMany(keys);
      companions = keys;
      return store.delete('nothing').then(Number);
    },
    delete: async (key) => {
      const existed = await store.delete(key);
      setImmediate(() => void store.deleteMany(companions));
      return existed;
    },
  });
};
