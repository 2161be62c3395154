import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import type { CodexRedisOptions } from '../../lib/config/options.js';
import type { SessionOptions } from '../../lib/config/session-options.js';
import type { StoreSettings } from '../../lib/config/settings.js';
import { SessionService } from '../../lib/session/session.service.js';
import { type Clock, systemClock } from '../../lib/common/clock.js';
import { isOwnEntry } from '../../lib/session/object/session-user.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import type { Stores } from '../../lib/store/stores.js';
import { openStore } from '../../lib/store/open-store.js';
import { CLOCK, STORE_OPENER, STORES } from '../../lib/tokens/internal-tokens.js';
import { type Answer, request, type RequestOptions } from './http-request.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

export const SECRET_KEY = 'a secret key for tests that is long enough';
export const COOKIE = 'sessionid';

export interface AppOptions extends ModuleMetadata {
  readonly url?: string;
  readonly session?: SessionOptions;
  readonly sessionsOff?: boolean;
  readonly options?: CodexRedisOptions;
  readonly clock?: Clock;
  readonly adapter?: () => ExpressAdapter | FastifyAdapter;
  readonly nestOptions?: NestApplicationOptions;
  /** Wraps the store of the sessions. */
  readonly wrapStore?: (store: KeyValueStore) => KeyValueStore;
  /** What main.ts would do before the application starts. */
  readonly prepare?: (app: INestApplication) => Promise<void> | void;
}

/** An application on a free port, with sessions of its own. */
export interface TestApp {
  readonly app: INestApplication;
  readonly port: number;
  readonly sessions: SessionService;
  readonly store: KeyValueStore;
  /** The key of a session in the store. */
  storeKey(sessionKey: string): string;
  /** The entries of each stored session but this module's own, by key. */
  stored(): Promise<Record<string, Record<string, unknown>>>;
  /** Deletes every session and what is left of one. */
  forget(): Promise<void>;
  send(path: string, options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts an application whose sessions are stored under a name that nobody else uses. */
export const startApp = async (platform: PlatformName, given: AppOptions = {}): Promise<TestApp> => {
  const {
    url = 'memory:',
    session = {},
    sessionsOff = false,
    options = {},
    clock = systemClock,
    adapter,
    nestOptions,
    wrapStore = (store: KeyValueStore) => store,
    prepare,
    imports = [],
    ...metadata
  } = given;
  const { projectName = `test-${randomUUID()}` } = options;
  const opened = new Map<KeyValueStore, KeyValueStore>();
  const opener = async (settings: StoreSettings, storeClock: Clock): Promise<KeyValueStore> => {
    const store = await openStore(settings, storeClock);
    const wrapped = wrapStore(store);
    opened.set(wrapped, store);
    return wrapped;
  };
  const moduleRef = await Test.createTestingModule({
    ...metadata,
    imports: [
      CodexRedisModule.forRoot({
        isGlobal: true,
        url,
        projectName,
        secretKey: SECRET_KEY,
        ...options,
        ...(!sessionsOff && { session: { ...session, cookie: { name: COOKIE, ...session.cookie } } }),
      }),
      ...imports,
    ],
  })
    .overrideProvider(CLOCK)
    .useValue(clock)
    .overrideProvider(STORE_OPENER)
    .useValue(opener)
    .compile();
  const app = moduleRef.createNestApplication(
    adapter?.() ?? (platform === 'express' ? new ExpressAdapter() : new FastifyAdapter()),
    nestOptions,
  );
  app.useLogger(false);
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const stores = await app.get<Stores>(STORES, { strict: false }).all();
  const [, used] = (stores.find(([purpose]) => purpose === 'session') ?? stores[0])!;
  return new RunningApp(app, opened.get(used)!, `${projectName}:session:`);
};

class RunningApp implements TestApp {
  readonly port: number;
  readonly sessions: SessionService;

  constructor(
    readonly app: INestApplication,
    readonly store: KeyValueStore,
    private readonly prefix: string,
  ) {
    this.port = (app.getHttpServer() as { address(): AddressInfo }).address().port;
    this.sessions = app.get(SessionService, { strict: false });
  }

  storeKey(sessionKey: string): string {
    return this.prefix + sessionKey;
  }

  async stored(): Promise<Record<string, Record<string, unknown>>> {
    const sessions: Record<string, Record<string, unknown>> = {};
    for (const key of await this.#keys())
      sessions[key.slice(this.prefix.length)] = Object.fromEntries(
        Object.entries(this.sessions.decode((await this.store.get(key)) ?? '')).filter(
          ([name]) => !isOwnEntry(name),
        ),
      );
    return sessions;
  }

  send(path: string, options?: RequestOptions): Promise<Answer> {
    return request(this.port, path, options);
  }

  async forget(): Promise<void> {
    await this.store.deleteMany(await this.#keys(this.prefix.replace(/session:$/, '')));
  }

  async close(): Promise<void> {
    await this.forget();
    await this.app.close();
  }

  async #keys(prefix = this.prefix): Promise<string[]> {
    const keys = new Set<string>();
    for await (const page of this.store.scan(`${prefix}*`)) for (const key of page) keys.add(key);
    return [...keys];
  }
}
