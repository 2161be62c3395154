import { format, resolveConfig } from 'prettier';
import { optionRows } from '../../lib/config/option.js';
import { moduleOptions } from '../../lib/config/options.js';
import { optionComments } from './option-comments.js';

const BEGIN = '<!-- settings: begin (npm run docs:settings) -->';
const END = '<!-- settings: end -->';

/** Every setting once: sessions may have each of the options that name a Redis too. */
export const settingRows = (): ReturnType<typeof optionRows> => {
  const shown = new Set<unknown>();
  return optionRows(moduleOptions).filter(({ kind }) => !shown.has(kind) && shown.add(kind));
};

/** All settings as a table of Markdown. */
export const settingsTable = (): string => {
  const comments = optionComments();
  return [
    '| option | environment | default | |',
    '| --- | --- | --- | --- |',
    ...settingRows().map(({ path, environment }) => {
      const { sentence = '', default: standard } = comments.get(path) ?? {};
      return `| ${code(path)} | ${environment === undefined ? '' : code(environment)} | ${shownDefault(standard)} | ${cell(sentence)} |`;
    }),
  ].join('\n');
};

/** A default that is a value, or a sentence about it. */
const shownDefault = (text: string | undefined): string => {
  if (text === undefined) return '–';
  if (text === "''") return '`""`';
  const [, string] = /^'(.*)'$/.exec(text) ?? [];
  if (string !== undefined) return code(string);
  return /^[A-Z{]|_\{/.test(text) ? code(text) : text;
};

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\.$/, '');

/** A page with its table of settings as it should be, formatted as all pages are. */
export const formattedSettings = async (path: string, text: string): Promise<string> =>
  await format(withSettingsTable(text), { ...(await resolveConfig(path)), parser: 'markdown' });

const withSettingsTable = (text: string): string => {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`The page has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${settingsTable()}\n\n${END}${after}`;
};
