import { VALUES } from './values.mjs';

const BATCH = 500;

/** Stores so many entries of 100 B of JSON under the keys that `keyOf` makes of their numbers. */
export const fill = async (cache, count, keyOf) => {
  for (let start = 0; start < count; start += BATCH)
    await Promise.all(
      Array.from({ length: Math.min(BATCH, count - start) }, (_, i) =>
        cache.set(keyOf(start + i), VALUES.small),
      ),
    );
};
