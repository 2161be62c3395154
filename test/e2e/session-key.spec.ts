import {
  Controller,
  Get,
  Inject,
  InternalServerErrorException,
  Param,
  Post,
  Query,
  Req,
} from '@nestjs/common';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { Faults } from '../../lib/testing/faults.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { type Answer, keyFrom } from '../support/http-request.js';
import { recorded, storeWith } from '../support/sessions.js';

const UNKNOWN = 'u'.repeat(32);
const KEY = /^[a-z0-9]{32}$/;

interface Carrier {
  readonly session: Session;
  readonly sessionID: string | null;
}

const write = ({ session }: Carrier): void => {
  session['a'] = 1;
};

/** What gives a session a new key. */
const DEEDS: Record<string, (request: Carrier) => unknown> = {
  cycleKey: ({ session }) => session.cycleKey(),
  signIn: ({ session }) => session.signIn(7),
  regenerate: (request) => request.session.regenerate().then(() => write(request)),
  flushAndWrite: (request) => request.session.flush().then(() => write(request)),
  write,
};

/** Those that do nothing before the request is committed. */
const PATIENT = ['cycleKey', 'signIn'];

@Controller()
class KeyController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('do/:deed') async do(
    @Req() request: Carrier,
    @Param('deed') deed: string,
    @Query('fails') fails?: string,
  ): Promise<object> {
    await DEEDS[deed]!(request);
    const { session } = request;
    const { key } = session;
    if (fails !== undefined) throw new InternalServerErrorException();
    const isStored = await this.sessions.exists(key!);
    return { key, id: session.id, sessionID: request.sessionID, isStored };
  }

  @Get('mind') mind(@Session() session: Session): string | null {
    session['a'] = 1;
    delete session['a'];
    return String(session.isEmpty);
  }

  @Get('page') page(): string {
    return 'page';
  }
}

interface Hooked {
  addHook(name: 'onRequest', hook: typeof look): void;
}

/** What a request shows of its session before the guards run. */
let shown: Record<string, unknown> = {};

const look = (request: Carrier, _response: unknown, next: () => void): void => {
  const { key, id, isNew } = request.session;
  shown = { key, id, sessionID: request.sessionID, isNew };
  next();
};

describe.each(PLATFORMS)('The key of a session, on %s', (platform) => {
  const faults = new Faults();
  let app: TestApp;
  let calls: string[];
  let isTaken: boolean;

  const wrapStore = (store: KeyValueStore): KeyValueStore => {
    const recording = recorded(store);
    ({ calls } = recording);
    const faulty = faults.wrap(recording.store);
    return storeWith(faulty, {
      setIfAbsent: (...args) => (isTaken ? Promise.resolve(false) : faulty.setIfAbsent(...args)),
      setIfUntraced: (...args) => (isTaken ? Promise.resolve(false) : faulty.setIfUntraced(...args)),
      has: (key) => (isTaken ? Promise.resolve(true) : faulty.has(key)),
    });
  };

  const start = async (session: SessionOptions = {}): Promise<void> => {
    isTaken = false;
    app = await startApp(platform, {
      controllers: [KeyController],
      session,
      wrapStore,
      prepare: (nest) => {
        const adapter = nest.getHttpAdapter();
        if (platform === 'express') nest.use(look);
        else (adapter.getInstance() as Hooked).addHook('onRequest', look);
      },
    });
    calls.length = 0;
  };

  afterEach(async () => {
    faults.clear();
    await app.close();
  });

  const seeded = async (): Promise<string> => {
    const session = await app.sessions.create();
    session.update({ cart: ['Emma'] });
    await session.save();
    return session.key!;
  };

  const ask = (deed: string, cookie?: string, query = ''): Promise<Answer> =>
    app.send(`/do/${deed}${query}`, { method: 'POST', cookie });

  it.each(Object.keys(DEEDS))('SE12 %s shows at once the key that the browser gets', async (deed) => {
    await start();
    for (const cookie of deed === 'write' ? [undefined, UNKNOWN] : [undefined, UNKNOWN, await seeded()]) {
      const answer = await ask(deed, cookie);
      const { key, ...others } = JSON.parse(answer.body) as Record<string, unknown>;
      expect(key).toMatch(KEY);
      expect(key).not.toBe(cookie);
      expect(others).toEqual({ id: key, sessionID: key, isStored: false });
      expect(keyFrom(answer)).toBe(key);
    }
  });

  it.each(PATIENT)('SE12 after %s the old session is untouched where the request fails', async (deed) => {
    await start();
    const cookie = await seeded();
    const before = await app.store.get(app.storeKey(cookie));
    const failed = await ask(deed, cookie, '?fails');
    expect([failed.status, failed.setCookies]).toEqual([500, []]);
    faults.failNext({ verbs: ['setIfAbsent', 'setIfUntraced'] });
    const unsaved = await ask(deed, cookie);
    expect([unsaved.status, unsaved.setCookies]).toEqual([503, []]);
    faults.failNext({ verbs: ['moveAway'] });
    const unmoved = await ask(deed, cookie);
    expect([unmoved.status, unmoved.setCookies]).toEqual([503, []]);
    expect(await app.store.get(app.storeKey(cookie))).toBe(before);
  });

  it('SE12 a drawn key that is taken is an error, and the old session untouched', async () => {
    await start();
    const cookie = await seeded();
    for (const deed of PATIENT) {
      isTaken = true;
      const answer = await ask(deed, cookie);
      expect([answer.status, answer.setCookies]).toEqual([500, []]);
      isTaken = false;
    }
    expect(await app.stored()).toEqual({ [cookie]: { cart: ['Emma'] } });
  });

  it('SE12 who writes and deletes again has no session, no cookie, and costs nothing', async () => {
    await start();
    const answer = await app.send('/mind');
    expect([answer.body, answer.setCookies, calls]).toEqual(['true', [], []]);
  });

  const hidden = { key: null, id: null, sessionID: null, isNew: true };

  it('SX8 shows a key when it is confirmed: not an unknown one, nor where it cannot be asked for', async () => {
    await start();
    const cookie = await seeded();
    const moved = await seeded();
    await ask('signIn', moved);
    for (const presented of [UNKNOWN, moved, 'malformed', undefined]) {
      await app.send('/page', { cookie: presented });
      expect(shown).toEqual(hidden);
    }
    faults.failNext();
    await app.send('/page', { cookie });
    expect(shown).toEqual(hidden);
    await app.send('/page', { cookie });
    expect(shown).toEqual({ key: cookie, id: cookie, sessionID: cookie, isNew: false });
  });

  it('SX8 shows none before the session is loaded', async () => {
    await start({ load: 'declared' });
    await app.send('/mind', { cookie: await seeded() });
    expect(shown).toEqual(hidden);
  });
});
