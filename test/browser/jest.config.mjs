import base from '../../jest.config.mjs';

/** Tests in a real browser, apart from the others: `npm run test:browser`. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/browser'],
  testMatch: ['**/*.browser.ts'],
  globalSetup: '<rootDir>/test/browser/global-setup.mjs',
  globalTeardown: undefined,
  randomize: false,
  testTimeout: 60_000,
};
