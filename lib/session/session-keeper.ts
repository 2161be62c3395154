import { assertJson } from '../serializer/json-serializer.js';
import { logUnawaited } from './object/log-unawaited.js';
import { EXPIRY_ENTRY, type SessionExpiryRules } from './object/session-expiry.js';
import type { SessionLifetime } from './object/session-lifetime.js';
import { sessionOf } from './object/session-proxy.js';
import type { SessionKeeper } from './object/session-state.js';
import { userOf } from './object/session-user.js';
import type { SessionEventEmitter } from './stored/session-events.js';
import type { SessionLoader } from './stored/session-loader.js';
import type { SessionReader } from './stored/session-reader.js';
import type { SessionSaver } from './stored/session-saver.js';
import type { SessionCodec } from './wire/session-codec.js';

/** The collaborators of a SessionKeeper. */
interface KeeperTools {
  readonly expiry: SessionExpiryRules;
  readonly lifetime: SessionLifetime;
  readonly events: SessionEventEmitter;
  readonly codec: SessionCodec;
  readonly reader: SessionReader;
  readonly loader: SessionLoader;
  readonly saver: SessionSaver;
}

/** Answers what the sessions of a service ask of it. */
export const keeperOf = ({
  expiry,
  lifetime,
  events,
  codec,
  reader,
  loader,
  saver,
}: KeeperTools): SessionKeeper => ({
  expiry,
  lifetime,
  read: (text, key) => reader.read(text, key),
  userOf: (text, key) => userOf(codec.decode(text, key).data),
  check: (name, value, callee) => checkEntry(expiry, name, value, callee),
  expired: (key) => events.emit('expired', key),
  save: (state) => logUnawaited(saver.save(state, false), state),
  flush: (state) => logUnawaited(saver.flush(state), state),
  replace: (state) => {
    const next = state.use.request === undefined ? state : state.handOver();
    state.use.request?.replaceSession(sessionOf(next));
    return next;
  },
  reload: (state) =>
    logUnawaited(
      saver.between(state, () => loader.reload(state)),
      state,
    ),
  load: (state) => loader.load(state),
  commit: (state) => saver.commit(state),
  discard: (state) => saver.discard(state),
});

const checkEntry = (expiry: SessionExpiryRules, name: string, value: unknown, callee: unknown): void => {
  try {
    if (name === EXPIRY_ENTRY) expiry.checkEntry(value);
    else assertJson(value, name);
  } catch (error) {
    if (callee !== undefined) Error.captureStackTrace(error as Error, callee as () => void);
    throw error;
  }
};
