/** The directives of a Cache-Control header; a comma within quotes separates nothing. */
const directives = (header: string): string[] =>
  (header.match(/(?:"(?:\\.|[^"\\])*"?|[^",])+/g) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '');

const nameOf = (directive: string): string => /^[^=\s]*/.exec(directive)?.[0].toLowerCase() ?? '';

/** The names of its directives in lower case, also of those with an argument such as private="set-cookie". */
export const directiveNames = (header: string): readonly string[] => directives(header).map(nameOf);

const isShared = (directive: string): boolean => ['public', 's-maxage'].includes(nameOf(directive));

/** private="field" is about that field only. */
const isClosed = (directive: string): boolean => ['private', 'no-store'].includes(directive.toLowerCase());

/** True if a Cache-Control header expressly lets shared caches in. */
export const invitesSharedCaches = (header: string): boolean => directives(header).some(isShared);

/**
 * A Cache-Control header that keeps shared caches away, where the given one does not; `undefined` when it does. A
 * shared cache that stores a session cookie hands it to everyone, and it may store whatever is not said to be private:
 * also what it is to validate before each use, or knows to be fresh for a while.
 */
export const withoutSharedCaching = (header: string): string | undefined => {
  const all = directives(header);
  const own = all.filter((directive) => !isShared(directive));
  if (!own.some(isClosed)) return ['private', ...own].join(', ');
  return own.length === all.length ? undefined : own.join(', ');
};
