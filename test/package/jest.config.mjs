import base from '../../jest.config.mjs';

/** What users install, tried as they do: `npm run test:package`. Asks the npm registry. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/package'],
  testMatch: ['**/*.package.ts'],
  modulePathIgnorePatterns: ['<rootDir>/test/package/fixtures'],
  globalSetup: undefined,
  globalTeardown: undefined,
  randomize: false,
  testTimeout: 240_000,
};
