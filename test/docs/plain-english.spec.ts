import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pages, ROOT } from './pages.js';

/** Phrases that made readers stop, with what to write instead. */
const PLAIN: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/whoever/, 'name the subject: the caller, the process'],
  [/cures?/, 'fix'],
  [/for ever/, 'forever'],
  [/under way/, 'in flight, in progress'],
  [/(?:is|are) away/, 'down'],
  [/times? of idleness/, 'idle timeout'],
  [/handed through/, 'passed through'],
  [/doing without/, 'without this module'],
  [/in earnest/, 'in production'],
  [/without a word/, 'silently'],
  [/laid over/, 'applied on top of'],
  [/belongs? into/, 'must be set in'],
  [/(?:is|are|as|makes) no JSON/, 'is not JSON'],
  [/(?:to|cannot|can) be had/, 'is available'],
  [/anew/, 'again'],
  [/(?:that|which) (?:is|are) none/, 'wrong, or name the kind'],
  [/what (?:is|are) no/, 'anything but a …'],
  [/in the place of/, 'instead of, replaces'],
  [/(?:is|are) let through/, 'is accepted'],
  [/goes? on behind|made behind|behind the caller/, 'continues in the background'],
];

/** Further phrases that no page has. */
const ON_PAGES: typeof PLAIN = [
  ...PLAIN,
  [/told of/, 'reported, notified'],
  [/runs? behind/, 'runs in the background'],
  [/takes? (?:its|their) place/, 'replace'],
  [/(?<!there )is no (?:failure|product|number|option|function)/, 'is not a …'],
  [/needs? nothing/, 'needs no change'],
  [/of no consequence/, 'ignored'],
];

/** Each phrase of a list in a text, with what to write instead. */
const found = (text: string, list = PLAIN): string[] => {
  const dialect = new RegExp(`\\b(?:${list.map(([phrase]) => phrase.source).join('|')})\\b`, 'gi');
  return (text.replace(/\s*\n\s*(?:\*|\/\/)?\s*/g, ' ').match(dialect) ?? []).map((phrase) => {
    const [, instead = ''] = list.find(([pattern]) => new RegExp(pattern, 'i').test(phrase)) ?? [];
    return `${phrase} -> ${instead}`;
  });
};

/** Docstrings that name no subject. The options may say "Whether" and "How long", as reference pages do. */
const withoutSubject = (file: string, text: string): string[] =>
  /config.[\w-]+-options\.ts$/.test(file)
    ? []
    : (text.match(/\/\*\*[\s*]*(?:What|Whether|Where|How|Who|Whom|Whose|Which|Why|Whatever)\b.*/g) ?? []);

const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|js|html)$/.test(name) && !/node_modules|plain-english|\.blocks/.test(name))
    .map((name) => join(ROOT, folder, name));

describe('plain English', () => {
  it('finds each phrase of the list', () => {
    const phrases = [
      'for ever',
      'under\n   * way',
      'Whoever asks',
      'is no JSON',
      'cannot be had',
      'the cure',
    ];
    expect(phrases.flatMap((phrase) => found(phrase))).toHaveLength(phrases.length);
    expect(found('A run behind a call is told of', ON_PAGES)).toHaveLength(2);
  });

  it('is on every page', () => {
    const spoken = pages().flatMap(({ path, text }) =>
      found(text, ON_PAGES).map((phrase) => `${path}: ${phrase}`),
    );
    expect(spoken).toEqual([]);
  });

  it.each(['lib', 'sample', 'test', 'benchmark'])('is in the files of %s', (folder) => {
    const spoken = filesOf(folder).flatMap((file) =>
      found(readFileSync(file, 'utf8')).map((phrase) => `${relative(ROOT, file)}: ${phrase}`),
    );
    expect(spoken).toEqual([]);
  });

  it('names the subject of each docstring in lib', () => {
    expect(withoutSubject('lib/cache.ts', '/**\n * What a cache has.\n */')).toHaveLength(1);
    const spoken = filesOf('lib').flatMap((file) =>
      withoutSubject(file, readFileSync(file, 'utf8')).map((start) => `${relative(ROOT, file)}: ${start}`),
    );
    expect(spoken).toEqual([]);
  });
});
