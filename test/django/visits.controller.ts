import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { RedisClientType } from 'redis';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { passGate } from './redis-gate.js';

/** The token of a plain connection to the Redis of both sides. */
export const PLAIN_REDIS = Symbol('a plain connection to Redis');

/** What Django's login puts in a session beside the user. */
interface DjangoLogin {
  readonly backend: string;
  readonly hash: string;
}

/** What a visitor does with the session; the Django project has the same routes in `shop/visits.py`. */
@Controller()
export class VisitsController {
  constructor(@Inject(PLAIN_REDIS) private readonly redis: RedisClientType) {}

  @Post('read')
  read(@Session() session: Session): Record<string, unknown> {
    return session.toJSON();
  }

  @Post('update')
  update(@Session() session: Session, @Body('entries') entries: Record<string, unknown>): void {
    // update() refuses the names that are Django's own
    for (const [name, value] of Object.entries(entries)) session.set(name, value);
  }

  @Post('append')
  append(@Session() session: Session, @Body() { name, value }: { name: string; value: unknown }): void {
    (session.get(name) as unknown[]).push(value);
  }

  @Post('expire')
  expire(@Session() session: Session, @Body('expiry') expiry: number | string | null): void {
    session.setExpiry(typeof expiry === 'string' ? new Date(expiry) : expiry);
  }

  @Post('cycle')
  async cycle(@Session() session: Session): Promise<void> {
    await session.cycleKey();
  }

  @Post('sign-in')
  async signIn(
    @Session() session: Session,
    @Body() { user, django }: { user: string; django?: DjangoLogin },
  ): Promise<void> {
    await session.signIn(user, django === undefined ? {} : { django });
  }

  @Post('logout')
  async logout(@Session() session: Session): Promise<void> {
    await session.flush();
  }

  /** Updates the session that was read before the gate opened. */
  @Post('hold')
  async hold(
    @Session() session: Session,
    @Body() { gate, entries }: { gate: string; entries: Record<string, unknown> },
  ): Promise<void> {
    await passGate(this.redis, gate);
    // update() refuses the names that are Django's own
    for (const [name, value] of Object.entries(entries)) session.set(name, value);
  }
}
