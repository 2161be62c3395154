import base from '../../jest.config.mjs';

/** The module beside a real Django on one Redis, apart from the other tests: `npm run test:django`. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/django'],
  testMatch: ['**/*.django.ts'],
  globalSetup: '<rootDir>/test/django/global-setup.mjs',
  globalTeardown: undefined,
  testTimeout: 30_000,
};
