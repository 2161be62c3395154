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

/** True if a name may be a session.keyPrefix: its sessions meet none of the module's other keys. */
export const isFreePrefix = (name: string): boolean => {
  const [first = '', ...later] = name.split(':');
  return !RESERVED_WORDS.includes(first) && !later.includes('user');
};

/** The second segment of every session's key unless the options name another. */
export const SESSION_PREFIX = 'session';

/** The prefix of the indexes of users. Each kind of sessions in a project has indexes of its own. */
export const userNamespace = (projectName: string, keyPrefix: string): string =>
  keyPrefix === SESSION_PREFIX ? `${projectName}:user:` : `${projectName}:${keyPrefix}:user:`;

/** The prefix of all session keys of a project. */
export const sessionNamespaces = (projectName: string, keyPrefix: string): readonly string[] =>
  [keyPrefix, 'trace', 'user'].map((word) => `${projectName}:${word}:`);

/** True if a text may be the name of a cookie: a token of RFC 9110. */
export const isCookieName = (text: string): boolean => /^[\w!#$%&'*+\-.^`|~]+$/.test(text);
