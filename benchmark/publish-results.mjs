import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { picture } from './report/picture.mjs';
import { withResults } from './report/readme.mjs';

const README = new URL('./README.md', import.meta.url);
const PICTURE = new URL('../docs/assets/benchmark.svg', import.meta.url);

const report = JSON.parse(readFileSync(new URL('./results/latest.json', import.meta.url), 'utf8'));

writeFileSync(README, withResults(readFileSync(README, 'utf8'), report));
mkdirSync(new URL('.', PICTURE), { recursive: true });
writeFileSync(PICTURE, picture(report));
