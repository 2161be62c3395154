import { editDistance } from '../common/nearest-name.js';
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
