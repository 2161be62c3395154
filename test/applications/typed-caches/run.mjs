// Stores what object mappers and schema libraries give, with the packed module: npm run test:typed-caches
// A folder of its own, so that the other applications install none of them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installPacked, root, run } from '../support/install-packed.mjs';

const here = import.meta.dirname;

installPacked(here, { flags: ['--legacy-peer-deps', '--ignore-scripts'] });
run(root, join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', here]);
run(
  here,
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    '--import=@swc-node/register/esm-register',
    '--test',
    ...readdirSync(here).filter((name) => name.endsWith('.library.ts')),
  ],
  { NODE_ENV: 'test', SWC_NODE_PROJECT: join(here, 'tsconfig.json') },
);
