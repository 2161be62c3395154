import { optionsFromEnvironment } from '../../../lib/config/environment.js';
import type { CodexRedisOptions } from '../../../lib/config/options.js';
import { resolveSettings } from '../../../lib/config/resolve-settings.js';
import { mergeOptions } from '../../../lib/index.js';
import { optionRows } from '../../../lib/config/option.js';
import { moduleOptions } from '../../../lib/config/options.js';

const withoutMark = (options: object) => Object.fromEntries(Object.entries(options));

const secret = 'k'.repeat(32);

describe('optionsFromEnvironment', () => {
  it('reads every variable of the table', () => {
    const options = optionsFromEnvironment({
      REDIS_URL: 'redis://cache/1',
      CODEX_REDIS_OPERATION_TIMEOUT_MS: '250',
      CODEX_REDIS_CONNECT_TIMEOUT_MS: '2000',
      PROJECT_NAME: 'shop',
      SECRET_KEY: secret,
      SECRET_KEY_FALLBACKS: 'old, older,',
      CACHE_KEY_PREFIX: 'shop',
      CACHE_TIMEOUT: '60',
      CACHE_VERSION: '2',
      CODEX_SESSION_REDIS_URL: 'redis://sessions/2',
      CODEX_SESSION_KEY_PREFIX: 's',
      SESSION_COOKIE_AGE: '1h',
      SESSION_EXPIRE_AT_BROWSER_CLOSE: 'yes',
      SESSION_SAVE_EVERY_REQUEST: 'true',
      SESSION_COOKIE_NAME: 'sid',
      SESSION_COOKIE_PATH: '/app',
      SESSION_COOKIE_DOMAIN: 'example.com',
      SESSION_COOKIE_SECURE: 'True',
      SESSION_COOKIE_HTTPONLY: 'false',
      SESSION_COOKIE_SAMESITE: 'None',
      SESSION_COOKIE_PARTITIONED: '1',
      SESSION_COOKIE_PRIORITY: 'high',
    });
    expect(withoutMark(options)).toEqual({
      url: 'redis://cache/1',
      operationTimeoutMs: 250,
      connectTimeoutMs: 2000,
      projectName: 'shop',
      secretKey: secret,
      secretKeyFallbacks: ['old', 'older'],
      cache: { keyPrefix: 'shop', timeout: 60, version: 2 },
      session: {
        url: 'redis://sessions/2',
        keyPrefix: 's',
        age: '1h',
        expireAtBrowserClose: true,
        saveEveryRequest: true,
        cookie: {
          name: 'sid',
          path: '/app',
          domain: 'example.com',
          secure: true,
          httpOnly: false,
          sameSite: 'none',
          partitioned: true,
          priority: 'high',
        },
      },
    });
    expect(() => resolveSettings(options)).not.toThrow();
  });

  it('takes an empty variable as unset, and none as null', () => {
    expect(
      withoutMark(optionsFromEnvironment({ CACHE_TIMEOUT: '', REDIS_URL: '', PROJECT_NAME: '' })),
    ).toEqual({});
    expect(optionsFromEnvironment({ CACHE_TIMEOUT: 'none' }).cache).toEqual({ timeout: null });
    expect(
      optionsFromEnvironment({ SECRET_KEY: secret, SESSION_COOKIE_PATH: 'None' }).session?.cookie?.path,
    ).toBeNull();
    expect(
      optionsFromEnvironment({ SECRET_KEY: secret, SESSION_COOKIE_SAMESITE: 'false' }).session?.cookie
        ?.sameSite,
    ).toBe(false);
  });

  it('turns sessions on with PROJECT_NAME and SECRET_KEY, and asks for the other one', () => {
    expect(resolveSettings(optionsFromEnvironment({ SESSION_COOKIE_AGE: '60' })).session).toBeNull();
    const both = optionsFromEnvironment({ PROJECT_NAME: 'shop', SECRET_KEY: secret });
    expect(resolveSettings(both).session?.projectName).toBe('shop');
    expect(() => resolveSettings(optionsFromEnvironment({ PROJECT_NAME: 'shop' }))).toThrow(
      /secretKey \(environment variable SECRET_KEY\) is required/,
    );
    expect(() => resolveSettings(optionsFromEnvironment({ SECRET_KEY: secret }))).toThrow(
      /projectName \(environment variable PROJECT_NAME\) is required/,
    );
  });

  it('names the variable of a value that cannot be read, and never shows the value', () => {
    const read = () =>
      resolveSettings(
        optionsFromEnvironment({
          PROJECT_NAME: 'shop',
          SECRET_KEY: secret,
          CACHE_TIMEOUT: 'hunter2',
          SESSION_COOKIE_SECURE: 'hunter2',
          CODEX_REDIS_OPERATION_TIMEOUT_MS: 'hunter2',
        }),
      );
    expect(read).toThrow(/cache\.timeout \(environment variable CACHE_TIMEOUT\)/);
    expect(read).toThrow(/session\.cookie\.secure \(environment variable SESSION_COOKIE_SECURE\)/);
    expect(read).toThrow(/operationTimeoutMs \(environment variable CODEX_REDIS_OPERATION_TIMEOUT_MS\)/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('keeps knowing the variable when the options are spread into others', () => {
    const options = { ...optionsFromEnvironment({ CACHE_TIMEOUT: 'x' }), operationTimeoutMs: 5 };
    expect(() => resolveSettings(options)).toThrow(/CACHE_TIMEOUT/);
  });

  it('reads each variable once', () => {
    const names = optionRows(moduleOptions).flatMap(({ environment }) => environment ?? []);
    expect(new Set(names).size).toBe(names.length);
  });

  it('takes none for no domain, which no browser would keep a cookie for', () => {
    const { session } = optionsFromEnvironment({
      PROJECT_NAME: 'shop',
      SECRET_KEY: secret,
      SESSION_COOKIE_DOMAIN: 'None',
    });
    expect(session?.cookie?.domain).toBeUndefined();
  });

  it('CN20 is merged deeply with options, which win', () => {
    const environment = optionsFromEnvironment({
      PROJECT_NAME: 'shop',
      SECRET_KEY: secret,
      CACHE_TIMEOUT: 'x',
      CACHE_VERSION: '3',
      SESSION_COOKIE_NAME: 'sid',
    });
    const options = { cache: { keyPrefix: 'own', version: undefined }, session: { cookie: { path: null } } };
    const merged = mergeOptions(environment, options);
    expect(withoutMark(merged)).toEqual({
      projectName: 'shop',
      secretKey: secret,
      cache: { keyPrefix: 'own', timeout: 'x', version: 3 },
      session: { cookie: { name: 'sid', path: null } },
    });
    expect(environment.cache).toEqual({ timeout: 'x', version: 3 });
    expect(() => resolveSettings(merged)).toThrow(/^cache.timeout \(environment variable CACHE_TIMEOUT\)/);
    const client = { isOpen: true, isReady: true, sendCommand: () => Promise.resolve() };
    expect(mergeOptions({ client }, { secretKeyFallbacks: ['a'] }).client).toBe(client);
  });

  it('is not blamed for a value from elsewhere', () => {
    const read = optionsFromEnvironment({ CACHE_TIMEOUT: '60', REDIS_URL: 'http://one' });
    const resolve = (changes: CodexRedisOptions) => () => resolveSettings({ ...read, ...changes });
    expect(resolve({ url: 'http://other' })).toThrow(/^url must be/);
    expect(resolve({})).toThrow(/^url \(environment variable REDIS_URL\) must be/);
    expect(resolve({ url: 'memory:', cache: { timeout: -1 } })).toThrow(/^cache.timeout must be/);
  });
});
