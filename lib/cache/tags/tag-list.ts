/// <reference lib="es2024.string" />
import { describeValue } from '../../common/describe-value.js';

/**
 * The tags that a call names; `undefined` where it names none.
 *
 * @param hasTags whether the cache has tags
 * @throws TypeError for what are none, and where the cache has none
 */
export const tagList = (given: unknown, hasTags: boolean): readonly string[] | undefined => {
  if (given === undefined) return undefined;
  if (!hasTags)
    throw new TypeError('tags: set tags: true for the cache first, in every process that uses it');
  if (!Array.isArray(given))
    throw new TypeError(
      `tags: expected an array of strings such as ['product:7'], got ${describeValue(given)}`,
    );
  const tags = [...(given as unknown[])];
  if (tags.every(isTag)) return tags;
  const wrong = tags.find((tag) => !isTag(tag));
  throw new TypeError(
    `tags: expected non-empty strings without lone surrogates, got ${describeValue(wrong)}`,
  );
};

const isTag = (tag: unknown): tag is string => typeof tag === 'string' && tag !== '' && tag.isWellFormed();
