import { createClient } from 'redis';
import { PREFIX, TTL_MS } from './contract.mjs';

const EXPIRATION = { type: 'PX', value: TTL_MS };

const redisKey = (key) => `${PREFIX}:${key}`;

const parse = (text) => (text === null ? undefined : JSON.parse(text));

/** node-redis by itself, on one connection; by default without the timer that it sets for each command. */
export const open = async ({ url, clientOptions = { commandOptions: { timeout: 0 } } }) => {
  const client = createClient({ url, ...clientOptions }).on('error', () => {});
  await client.connect();
  const set = (key, value) => client.set(redisKey(key), JSON.stringify(value), { expiration: EXPIRATION });
  return {
    get: async (key) => parse(await client.get(redisKey(key))),
    set,
    incr: (key) => client.incrBy(redisKey(key), 1),
    getMany: async (keys) => (await client.mGet(keys.map(redisKey))).map(parse),
    setMany: (entries) => Promise.all(entries.map(([key, value]) => set(key, value))),
    getOrSet: async (key, factory) => {
      const stored = parse(await client.get(redisKey(key)));
      if (stored !== undefined) return stored;
      const made = await factory();
      await set(key, made);
      return made;
    },
  };
};
