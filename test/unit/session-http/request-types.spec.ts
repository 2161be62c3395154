import type { Request } from 'express';
import type { FastifyRequest } from 'fastify';
import type { SessionData } from 'nestjs-codex-redis';
import { SessionService } from '../../../lib/session/session.service.js';
import { systemClock } from '../../../lib/common/clock.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';
import { sessionSettings } from '../../support/sessions.js';

declare module 'nestjs-codex-redis' {
  interface SessionData {
    basket: string[];
    returnTo?: string;
  }
}

type Equal<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** What a property of a request is. */
type Of<R extends Request | FastifyRequest> = [
  Equal<R['session']['basket'], string[] | undefined>,
  Equal<R['session']['returnTo'], string | undefined>,
  Equal<R['session']['id'], string | null>,
  Equal<R['sessionID'], string | null>,
  Equal<ReturnType<R['session']['toJSON']>, Partial<SessionData>>,
];
const PROOFS: [...Of<Request>, ...Of<FastifyRequest>] = [
  ...([true, true, true, true, true] as const),
  ...([true, true, true, true, true] as const),
];

/** Compiled for the requests of both platforms. */
const check = ({ session }: Request | FastifyRequest): unknown[] => {
  session.basket = ['book'];
  session.set('basket', ['book', 'pen']);
  const found: string[] | undefined = session.get('basket');
  const given: string = session.get('returnTo', '/');
  // @ts-expect-error -- it may be missing
  const sure: string[] = session.get('basket');
  // @ts-expect-error -- an entry has the type it was declared with
  session.basket = 1;
  // @ts-expect-error -- and so it has for set()
  session.set('basket', 1);
  // @ts-expect-error -- what nobody declared is no entry
  session.get('visits');
  // @ts-expect-error -- the key is drawn by the session
  session.id = 'a'.repeat(32);
  return [found, given, sure];
};

describe('The types of request.session', () => {
  it('SE24 come from the augmented SessionData, for Express and Fastify alike', () => {
    const service = new SessionService(new MemoryStore(), sessionSettings(), systemClock);
    const session = service.open<SessionData>();
    const request = { session, sessionID: session.id };
    expect(PROOFS).not.toContain(false);
    // what must not compile is refused or stored when it runs
    expect(() => check(request as unknown as Request)).toThrow(/session\.id is part of the session itself/);
    expect(session.get('basket')).toBe(1);
  });
});
