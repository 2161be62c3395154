import { ignore } from '../../../lib/common/ignore.js';
import type { SessionSettings } from '../../../lib/config/settings.js';
import type { Session } from '../../../lib/session/object/session.js';
import type { SessionService } from '../../../lib/session/session.service.js';
import type { KeyValueStore } from '../../../lib/store/key-value-store.js';
import type { SessionOperation, SessionOutcome } from '../../../lib/telemetry/session-channel.js';
import type { StoreVerb } from '../../../lib/testing/faults.js';
import { sessionsOf } from '../sessions.js';
import type { StoreContext } from '../store-suite.js';
import { breakable, type BreakableStore, broken, type Endings, type Prepare, SECRET } from './driving.js';

const VALUE = `${SECRET} value`;
const WRONG_OPTION = { [`${SECRET} option`]: VALUE } as never;
/** A key, and a handle, of which nothing is stored. */
export const UNKNOWN = 'u'.repeat(32);

const nothing = (): Promise<void> => Promise.resolve();

let scenes = 0;

/** The sessions and the user that a call of the table works with. No other call has its user. */
export class SessionScene {
  readonly user = `${SECRET} user ${(scenes += 1)}`;
  readonly store: KeyValueStore;
  readonly sessions: SessionService;
  readonly fail: BreakableStore['fail'];
  readonly failAt: BreakableStore['failAt'];

  constructor(readonly context: StoreContext) {
    const { store, fail, failAt } = breakable(context.store);
    this.store = store;
    this.fail = fail;
    this.failAt = failAt;
    this.sessions = this.serviceOf({ saveEveryRequest: true });
  }

  serviceOf(settings: Partial<SessionSettings>): SessionService {
    return sessionsOf(this.context, settings, { store: this.store });
  }

  /** A session that was stored and loaded again. */
  async stored(): Promise<Session> {
    const session = this.sessions.open();
    session.set('cart', VALUE);
    await this.sessions.save(session);
    return this.sessions.load(session.key!);
  }

  async signedIn(): Promise<Session> {
    const session = this.sessions.open();
    await session.signIn(this.user, { device: VALUE });
    await this.sessions.save(session);
    return session;
  }
}

type SessionEndings = Endings<SessionScene, SessionOutcome>;
type CallOfSession = (scene: SessionScene, session: Session) => Promise<unknown>;

const atOnce =
  (call: (scene: SessionScene) => Promise<unknown>): Prepare<SessionScene> =>
  (scene) =>
  () =>
    call(scene);

/** A call with a session that was stored, and of which something happened then. */
const withStored =
  (call: CallOfSession, happening: CallOfSession = nothing): Prepare<SessionScene> =>
  async (scene) => {
    const session = await scene.stored();
    await happening(scene, session);
    return () => call(scene, session);
  };

const withSignedIn =
  (call: CallOfSession): Prepare<SessionScene> =>
  async (scene) => {
    const session = await scene.signedIn();
    return () => call(scene, session);
  };

/** A session that is ended in place of one of an earlier application, which is to be ended before it. */
const withEarlier =
  (call: CallOfSession): Prepare<SessionScene> =>
  async (scene) => {
    const { key } = await scene.stored();
    const earlier = { redisKey: `${scene.context.prefix}:earlier`, key: UNKNOWN };
    const sessions = scene.serviceOf({ migrateFrom: NO_ORIGIN });
    const session = sessions.open(key!, earlier);
    await sessions.ensureLoaded(session);
    await scene.store.set(earlier.redisKey, VALUE, 60_000);
    return () => call(scene, session);
  };

/** An earlier application of which no session is taken over. */
const NO_ORIGIN = { cookieName: 'earlier', redisKeyOf: () => undefined, entriesOf: () => undefined };

const withoutVerb =
  (verb: StoreVerb, call: CallOfSession): CallOfSession =>
  (scene, session) => {
    scene.failAt(verb);
    return call(scene, session);
  };

const flush: CallOfSession = (_, session) => session.flush();
const deleteByKey: CallOfSession = ({ sessions }, { key }) => sessions.delete(key!);

const unreachable: CallOfSession = ({ fail }) => {
  fail();
  return nothing();
};

/** An entry that is changed inside to what is not JSON. */
const spoiled: CallOfSession = (_, session) => {
  const cart: Record<string, unknown> = {};
  session.set('cart', cart);
  cart[SECRET] = 1n;
  return nothing();
};

/** The failures of a call that writes a session. */
const writing = (call: CallOfSession): SessionEndings => ({
  done: withStored(call),
  'error redis': withStored(call, unreachable),
  'error value': withStored(call, spoiled),
  'error ended': withStored(call, deleteByKey),
});

/** The failures of a call for the sessions of a user. */
const ofUser = (call: (scene: SessionScene, user: string) => Promise<unknown>): SessionEndings => ({
  miss: atOnce((scene) => call(scene, scene.user)),
  'error redis': withSignedIn((scene) => {
    scene.fail();
    return call(scene, scene.user);
  }),
  'error user': atOnce((scene) => call(scene, { [SECRET]: VALUE } as never)),
});

const save: CallOfSession = ({ sessions }, session) => {
  session.set('more', VALUE);
  return sessions.save(session);
};
const cycle: CallOfSession = ({ sessions }, session) => sessions.cycleKey(session);
const commit: CallOfSession = ({ sessions }, session) => sessions.commit(session);

/** A session that has more than its service stores. */
const tooLarge =
  (isStored: boolean): Prepare<SessionScene> =>
  async (scene) => {
    const sessions = scene.serviceOf({ maxBytes: 1 });
    const session = isStored ? await sessions.load((await scene.stored()).key!) : sessions.open();
    session.set('more', VALUE);
    return () => sessions.save(session);
  };

/** Each operation on sessions with each outcome that it can have, as CACHE_OUTCOMES. */
export const SESSION_OUTCOMES: Readonly<Record<SessionOperation, SessionEndings>> = {
  load: {
    hit: withStored(({ sessions }, { key }) => sessions.load(key!)),
    miss: atOnce(({ sessions }) => sessions.load(UNKNOWN)),
    'error redis': withStored(({ sessions }, { key }) => sessions.load(key!), unreachable),
  },
  reload: {
    hit: withStored((_, session) => session.reload()),
    miss: withStored((_, session) => session.reload().catch(ignore), deleteByKey),
    'error redis': withStored((_, session) => session.reload(), unreachable),
  },
  exists: {
    hit: withStored(({ sessions }, { key }) => sessions.exists(key!)),
    miss: atOnce(({ sessions }) => sessions.exists(UNKNOWN)),
    'error redis': withStored(({ sessions }, { key }) => sessions.exists(key!), unreachable),
  },
  create: {
    done: atOnce(({ sessions }) => sessions.create()),
    'done user': atOnce((scene) => scene.signedIn()),
    'error redis': atOnce(({ sessions, fail }) => {
      fail();
      return sessions.create();
    }),
    'error value': atOnce(async (scene) => {
      const session = scene.sessions.open();
      await spoiled(scene, session);
      await save(scene, session);
    }),
    'error large': tooLarge(false),
    'error stored': withStored(({ sessions }, session) => sessions.save(session, { mustCreate: true })),
  },
  save: {
    ...writing(save),
    'done user': withSignedIn(save),
    'error large': tooLarge(true),
    'error interrupted': withStored(save, async (scene, session) => {
      await deleteByKey(scene, session);
      await session.reload().catch(ignore);
    }),
  },
  touch: {
    hit: withStored(commit),
    'hit user': withSignedIn(commit),
    miss: withStored(commit, async (scene, { key }) => save(scene, await scene.sessions.load(key!))),
    'error redis': withStored(commit, unreachable),
  },
  cycle: {
    ...writing(cycle),
    'done user': withSignedIn(cycle),
  },
  end: {
    hit: withStored(({ sessions }, session) => sessions.delete(session)),
    'hit user': withSignedIn(flush),
    'hit key': withSignedIn(deleteByKey),
    'hit earlier': withEarlier(flush),
    miss: atOnce(({ sessions }) => sessions.delete(UNKNOWN)),
    'error redis': withStored(({ sessions }, session) => sessions.flush(session), unreachable),
    'error index': withSignedIn(withoutVerb('forgetMembers', flush)),
    'error key': withSignedIn(withoutVerb('forgetMembers', deleteByKey)),
    'error earlier': withEarlier(withoutVerb('delete', flush)),
  },
  ofUser: {
    hit: withSignedIn(({ sessions, user }) => sessions.ofUser(user)),
    ...ofUser(({ sessions }, user) => sessions.ofUser(user)),
    'error option': atOnce(({ sessions, user }) => sessions.ofUser(user, WRONG_OPTION)),
  },
  endOfUser: {
    hit: withSignedIn(({ sessions, user }) => sessions.endOfUser(user)),
    ...ofUser(({ sessions }, user) => sessions.endOfUser(user)),
    'error option': atOnce(({ sessions, user }) => sessions.endOfUser(user, WRONG_OPTION)),
  },
  endOne: {
    hit: async (scene) => {
      await scene.signedIn();
      const [{ handle } = { handle: '' }] = await scene.sessions.ofUser(scene.user);
      return () => scene.sessions.endOne(scene.user, handle);
    },
    ...ofUser(({ sessions }, user) => sessions.endOne(user, UNKNOWN)),
  },
  reindex: {
    done: withSignedIn(({ sessions }) => sessions.reindex()),
    'error redis': withSignedIn(({ sessions, fail }) => {
      fail();
      return sessions.reindex();
    }),
    'error option': atOnce(({ sessions }) => sessions.reindex(WRONG_OPTION)),
    'error caller': withSignedIn(({ sessions }) => sessions.reindex({ onProgress: broken })),
  },
};
