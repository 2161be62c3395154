import { type Entries, optionRows } from './option.js';
import { moduleOptions } from './options.js';

/** The names of this module's options in other libraries. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  host: 'url',
  port: 'url',
  db: 'url',
  path: 'url',
  password: 'url',
  username: 'clientOptions',
  socket: 'clientOptions',
  tls: 'clientOptions',
  ttl: 'timeout',
  max: 'maxEntries',
  secret: 'secretKey',
  maxAge: 'age',
  prefix: 'keyPrefix',
  namespace: 'keyPrefix',
};

/** The end of the message about an unknown option. */
export const whyUnknown = (name: string, prefix: string, entries: Entries): string => {
  const ofModule = entries === (moduleOptions as Entries);
  if (ofModule && prefix === '' && name === 'isGlobal')
    return 'belongs beside the factory, not into its result';
  if (!ofModule && prefix === '' && (name in moduleOptions || name === 'isGlobal'))
    return 'is an option of forRoot(); set it there';
  const nearest = nearestOption(name, prefix, entries);
  const question = nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`;
  return `is not a known option${question}; see the settings page`;
};

/** The known option that a name most probably means. An option at the same level is preferred. */
const nearestOption = (name: string, prefix: string, entries: Entries): string | undefined => {
  const wanted = Object.hasOwn(ELSEWHERE, name) ? [name, ELSEWHERE[name] ?? name] : [name];
  const most = Math.max(1, Math.floor(name.length / 3));
  const near = optionRows(entries)
    .map(({ path }) => {
      const last = path.slice(path.lastIndexOf('.') + 1);
      const distance = Math.min(...wanted.map((word) => editDistance(word, last)));
      const beside = path === prefix + last;
      return { path, distance, away: beside ? 0 : path.split('.').length };
    })
    .filter(({ distance, away }) => distance <= (away === 0 ? most : 0))
    .sort((one, other) => one.distance - other.distance || one.away - other.away);
  return near[0]?.path;
};

/** The most similar of some names. */
export const nearestName = (name: string, known: readonly string[]): string | undefined => {
  const most = Math.max(1, Math.floor(name.length / 3));
  return known
    .map((word) => ({ word, distance: editDistance(name, word) }))
    .filter(({ distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance)[0]?.word;
};

/** The edit distance, ignoring case. */
const editDistance = (one: string, other: string): number => {
  const target = other.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const character of one.toLowerCase()) {
    const next = [(row[0] ?? 0) + 1];
    for (let at = 0; at < target.length; at++)
      next.push(
        Math.min(
          (row[at] ?? 0) + (target[at] === character ? 0 : 1),
          (row[at + 1] ?? 0) + 1,
          (next[at] ?? 0) + 1,
        ),
      );
    row = next;
  }
  return row[target.length] ?? 0;
};
