import { Script, createContext } from 'node:vm';

/**
 * Runs work that must not take time beyond all measure, as what needs a step for each pair of many characters would.
 *
 * @throws where it takes longer than 20 s, wherever it is by then
 */
export const watched = <T>(work: () => T): T =>
  new Script('work()').runInContext(createContext({ work }), { timeout: 20_000 }) as T;
