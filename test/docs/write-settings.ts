import { readFileSync, writeFileSync } from 'node:fs';
import { formattedSettings } from './settings-table.js';

for (const path of ['README.md', 'docs/settings.md'])
  writeFileSync(path, await formattedSettings(path, readFileSync(path, 'utf8')));
