/**
 * Cache keys read `{keyPrefix}:{integer}:…`, sessions `{projectName}:{session.keyPrefix}:…`. The two can never meet
 * as long as no segment after the first consists of digits only.
 */
const hasDigitsOnlySegment = (segments: readonly string[]): boolean =>
  segments.some((segment) => /^\d+$/.test(segment));

/** True if a name may stand first in a key. */
export const isUnambiguousFirst = (name: string): boolean => !hasDigitsOnlySegment(name.split(':').slice(1));

/** True if a name may stand after the first segment of a key. */
export const isUnambiguousLater = (name: string): boolean => !hasDigitsOnlySegment(name.split(':'));

/**
 * The module's other keys are `{prefix}:{word}:…`. No session.keyPrefix may begin with one of these words.
 */
const RESERVED_WORDS: readonly string[] = [
  'grace',
  'lease',
  'tokens',
  'tag',
  'epoch',
  'lock',
  'trace',
  'user',
  'throttle',
];

/** True if the first segment of a name is free for users. */
export const isFreeWord = (name: string): boolean => !RESERVED_WORDS.includes(name.split(':', 1)[0] ?? '');

/** The prefix of all session keys of a project. */
export const sessionNamespaces = (projectName: string, keyPrefix: string): readonly string[] =>
  [keyPrefix, 'trace', 'user'].map((word) => `${projectName}:${word}:`);

/** True if a text may be the name of a cookie: a token of RFC 9110. */
export const isCookieName = (text: string): boolean => /^[\w!#$%&'*+\-.^`|~]+$/.test(text);
