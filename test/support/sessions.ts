import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { Concealed } from '../../lib/common/concealed.js';
import type { SecretKeys, SessionSettings } from '../../lib/config/settings.js';
import { SessionSigner } from '../../lib/session/wire/session-signer.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { Clock } from '../../lib/common/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import type { StoreContext } from './store-suite.js';

const SECRET_KEY = 'a secret key for the tests that is long enough';

/** Secret keys as the settings hold them. */
export const secretKeys = (...keys: SecretKeys): Concealed<SecretKeys> => new Concealed(keys);

/** Complete settings of sessions, as the defaults of the module's options give them. */
export const sessionSettings = (settings: Partial<SessionSettings> = {}): SessionSettings => ({
  ...resolveSettings({ projectName: 'shop', secretKey: SECRET_KEY, session: {} }).session!,
  secretKeys: secretKeys(SECRET_KEY),
  ...settings,
});

/** Signs as the sessions of the tests are signed. */
export const signerOf = (secret = SECRET_KEY): SessionSigner =>
  new SessionSigner([secret], sessionSettings().salt);

/** The text of a session with this payload, signed at one moment; a string is a payload as it stands. */
export const signedText = (signer: SessionSigner, payload: string | Buffer): string => {
  const signed = `${typeof payload === 'string' ? payload : payload.toString('base64url')}:1r31eq`;
  return `${signed}:${signer.sign(signed)}`;
};

/** A SessionService whose keys are those of the test. */
export const sessionsOf = (
  context: StoreContext,
  settings: Partial<SessionSettings> = {},
  { store = context.store, clock = context.clock }: { store?: KeyValueStore; clock?: Clock } = {},
): SessionService =>
  new SessionService(store, sessionSettings({ projectName: context.prefix, ...settings }), clock);

/** The key under which a session of the test stands in the store. */
export const storeKeyOf = (context: StoreContext, key: string | null): string =>
  `${context.prefix}:session:${String(key)}`;

/** The Redis keys of the test's sessions, without traces and indexes. */
export const sessionKeysOf = async (context: StoreContext): Promise<string[]> =>
  (await context.redisKeys()).filter((key) => key.startsWith(storeKeyOf(context, '')));

/** The Redis keys of the indexes of users. */
export const indexesOf = async (context: StoreContext): Promise<string[]> =>
  (await context.redisKeys()).filter((key) => key.startsWith(`${context.prefix}:user:`));

/** Stores a session with these entries; its key. */
export const storeSession = async (
  sessions: SessionService,
  entries: Record<string, unknown>,
): Promise<string> => {
  const session = sessions.open();
  for (const [name, value] of Object.entries(entries)) session.set(name, value);
  await sessions.save(session);
  return session.key!;
};

/** A store with some verbs replaced. */
export const storeWith = (store: KeyValueStore, verbs: Partial<KeyValueStore>): KeyValueStore =>
  new Proxy(store, {
    get: (target, verb) => {
      const member = Reflect.get(verb in verbs ? verbs : target, verb) as unknown;
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

/** A store that tells which verbs were called on it, in order. */
export const recorded = (store: KeyValueStore): { store: KeyValueStore; calls: string[] } => {
  const calls: string[] = [];
  const recording = new Proxy(store, {
    get: (target, verb) => {
      const member = Reflect.get(target, verb) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        calls.push(String(verb));
        return Reflect.apply(member, target, args);
      };
    },
  });
  return { store: recording, calls };
};
