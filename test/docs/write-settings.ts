import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { withSettingsTable } from './settings-table.js';

for (const path of ['README.md', 'docs/settings.md']) {
  const text = withSettingsTable(readFileSync(path, 'utf8'));
  writeFileSync(path, await format(text, { parser: 'markdown', printWidth: 110 }));
}
