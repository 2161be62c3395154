/**
 * Cache keys read `{keyPrefix}:{integer}:…`, sessions `{projectName}:{session.keyPrefix}:…`. The two can never meet
 * as long as no segment after the first consists of digits only.
 */
const hasDigitsOnlySegment = (segments: readonly string[]): boolean =>
  segments.some((segment) => /^\d+$/.test(segment));

/** Whether a name may stand first in a key. */
export const isUnambiguousFirst = (name: string): boolean => !hasDigitsOnlySegment(name.split(':').slice(1));

/** Whether a name may stand after the first segment of a key. */
export const isUnambiguousLater = (name: string): boolean => !hasDigitsOnlySegment(name.split(':'));

/** Whether a text may be the name of a cookie: a token of RFC 9110. */
export const isCookieName = (text: string): boolean => /^[\w!#$%&'*+\-.^`|~]+$/.test(text);
