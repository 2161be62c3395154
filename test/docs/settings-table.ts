import { format, resolveConfig } from 'prettier';
import { SETTING_NAMES } from '../../lib/config/setting-names.js';

const BEGIN = '<!-- settings: begin (npm run docs:settings) -->';
const END = '<!-- settings: end -->';

/** All settings as a table of Markdown. */
export const settingsTable = (): string =>
  [
    '| option | environment | default | |',
    '| --- | --- | --- | --- |',
    ...SETTING_NAMES.map(
      ({ option, environment, default: standard, note }) =>
        `| \`${option}\` | ${environment === undefined ? '' : `\`${environment}\``} | ${standard} | ${note} |`,
    ),
  ].join('\n');

/** A page with its table of settings as it should be, formatted as all pages are. */
export const formattedSettings = async (path: string, text: string): Promise<string> =>
  await format(withSettingsTable(text), { ...(await resolveConfig(path)), parser: 'markdown' });

const withSettingsTable = (text: string): string => {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`The page has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${settingsTable()}\n\n${END}${after}`;
};
