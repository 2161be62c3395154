// Runs Keyv's own cases, what runs on Keyv, and the embedded store under Vitest, with the packed module: npm run test:vitest
// A folder of its own, since the cases want that test runner and a native database, which is not built here.
import { installPacked, run } from '../support/install-packed.mjs';

const here = import.meta.dirname;

installPacked(here, { flags: ['--ignore-scripts'], withTypes: false });
run(here, 'npx', ['vitest', 'run'], { NODE_ENV: 'test' });
