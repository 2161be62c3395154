import { BoundedWarnings } from '../common/bounded-warnings.js';
import type { Clock } from '../common/clock.js';
import { sessionLogger } from '../common/loggers.js';
import { userNamespace } from '../config/namespaces.js';
import type { SessionSettings } from '../config/settings.js';
import { checkedSerializer } from '../serializer/checked-serializer.js';
import type { Serializer } from '../serializer/serializer.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { SessionExpiryRules } from './object/session-expiry.js';
import { SessionLifetime } from './object/session-lifetime.js';
import type { SessionKeeper } from './object/session-state.js';
import { keeperOf } from './session-keeper.js';
import { SessionTexts } from './session-texts.js';
import { SessionBroadcast } from './stored/session-broadcast.js';
import { ContendedSave } from './stored/contended-save.js';
import { SessionDrafts } from './stored/session-drafts.js';
import { SessionEnder } from './stored/session-ender.js';
import { SessionEventEmitter } from './stored/session-events.js';
import { SessionExtender } from './stored/session-extender.js';
import { SessionInserter } from './stored/session-inserter.js';
import { SessionLoader } from './stored/session-loader.js';
import { SessionReader, type SessionWarning } from './stored/session-reader.js';
import { plainKeysUntil, SessionRollout } from './stored/session-rollout.js';
import { SessionSaver } from './stored/session-saver.js';
import { SessionStore } from './stored/session-store.js';
import { SessionWatch } from './stored/session-watch.js';
import { SessionTakeover } from './stored/session-takeover.js';
import { SessionWriter } from './stored/session-writer.js';
import { Memberships } from './users/memberships.js';
import { UserIndex } from './users/user-index.js';
import { UserSessions } from './users/user-sessions.js';
import { formOf } from './wire/form-of.js';
import { SessionCodec } from './wire/session-codec.js';
import { hashedNames, plainNames } from './wire/session-name.js';
import { SessionSigner } from './wire/session-signer.js';

/** The collaborators of a SessionService. */
export interface SessionParts {
  readonly events: SessionEventEmitter;
  readonly store: SessionStore;
  readonly texts: SessionTexts;
  readonly loader: SessionLoader;
  readonly saver: SessionSaver;
  readonly users: UserSessions;
  readonly takeover: SessionTakeover | undefined;
  readonly keeper: SessionKeeper;
  readonly watch: SessionWatch;
}

/** Puts the parts of a SessionService together. */
export const sessionParts = (
  keyValues: KeyValueStore,
  settings: SessionSettings,
  clock: Clock,
  serializer: Serializer,
): SessionParts => {
  const { age, atRest, expireAtBrowserClose, maxBytes, migrateFrom, operationTimeoutMs, projectName } =
    settings;
  const signer = new SessionSigner(settings.secretKeys.reveal(), settings.salt);
  const naming = atRest?.hashKeys === true ? hashedNames : plainNames;
  const codec = new SessionCodec(
    formOf(settings, signer, clock),
    checkedSerializer(serializer, 'session.serializer'),
    clock,
    naming,
  );
  const warnings = new BoundedWarnings<SessionWarning>(sessionLogger, clock);
  const expiry = new SessionExpiryRules({ age, expireAtBrowserClose }, clock, (message) =>
    warnings.warn('expiry', message),
  );
  const lifetime = new SessionLifetime(settings, expiry, clock);
  const broadcast = settings.broadcastEvents
    ? new SessionBroadcast(keyValues, `${projectName}:${settings.keyPrefix}:ended`, (message) =>
        warnings.warn('broadcast', message),
      )
    : undefined;
  const events = new SessionEventEmitter((key) => signer.fingerprint(naming(key)), sessionLogger, broadcast);
  const reader = new SessionReader(codec, events, warnings, maxBytes);

  const plainUntil = plainKeysUntil(settings);
  const store = new SessionStore(
    keyValues,
    settings,
    naming,
    () => plainUntil !== undefined && clock.now() < plainUntil,
  );
  const index = new UserIndex(keyValues, userNamespace(projectName, settings.keyPrefix), naming);
  const rollout =
    plainUntil === undefined ? undefined : new SessionRollout(keyValues, store, codec, index, settings);
  const takeover =
    migrateFrom &&
    new SessionTakeover(migrateFrom, keyValues, store, codec, signer, events, lifetime, warnings);
  const loader = new SessionLoader(store, rollout, takeover, events);

  const ender = new SessionEnder(store, events);
  const users = new UserSessions(index, store, ender, codec, lifetime, clock);
  const memberships = new Memberships(index, store, ender, codec, settings, clock);
  const drafts = new SessionDrafts(codec, reader, lifetime, memberships, maxBytes);
  const inserter = new SessionInserter(store, drafts, events);
  const contended = new ContendedSave(store, drafts, events);
  const writer = new SessionWriter(store, codec, drafts, inserter, contended, events);
  const extender = new SessionExtender(store, codec, lifetime, memberships);
  const saver = new SessionSaver(writer, extender, loader, takeover, users, codec, events, {
    operationTimeoutMs,
  });

  const keeper = keeperOf({ expiry, lifetime, events, codec, reader, loader, saver });
  const texts = new SessionTexts(codec, reader, atRest !== undefined);
  const watch = new SessionWatch(events, store, codec, lifetime);
  return { events, store, texts, loader, saver, users, takeover, keeper, watch };
};
