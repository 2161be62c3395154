/** The directives of a Cache-Control header; a comma within quotes separates nothing. */
const directives = (header: string): string[] =>
  (header.match(/(?:"(?:\\.|[^"\\])*"?|[^",])+/g) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '');

const nameOf = (directive: string): string => /^[^=\s]*/.exec(directive)?.[0].toLowerCase() ?? '';

const isShared = (directive: string): boolean => ['public', 's-maxage'].includes(nameOf(directive));

/**
 * A Cache-Control header that keeps shared caches away, where the given one lets them in; `undefined` when it does
 * not. A shared cache that stores a session cookie hands it to everyone.
 */
export const withoutSharedCaching = (header: string): string | undefined => {
  const all = directives(header);
  if (!all.some(isShared)) return undefined;
  const own = all.filter((directive) => !isShared(directive));
  // private="field" is about that field only
  return own.some((directive) => directive.toLowerCase() === 'private')
    ? own.join(', ')
    : ['private', ...own].join(', ');
};
