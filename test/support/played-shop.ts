import { Controller, Get, Inject, Post, Req } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { Browser } from './browser.js';
import { type PlatformName, startApp, type TestApp } from './http-app.js';
import { type Actor, Stage } from './http-orders.js';
import type { Answer } from './http-request.js';

type Visitor = Session<{ cart: string[]; ticks: number; _auth_user_id: string }>;

@Controller()
export class ShopController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('cart') cart(@Session() session: Visitor): void {
    session.cart = ['Emma'];
  }

  @Post('login') async login(@Session() session: Visitor): Promise<void> {
    await session.signIn(7);
  }

  @Post('logout') async logout(@Session() session: Visitor): Promise<void> {
    await session.flush();
  }

  @Post('cycle') async cycle(@Session() session: Visitor): Promise<void> {
    await session.cycleKey();
  }

  /** Moves the session in mid-request, and asks the store for something else then. */
  @Post('step-up') async stepUp(@Session() session: Visitor): Promise<void> {
    await session.cycleKey();
    await session.save();
    await this.sessions.exists('e'.repeat(32));
  }

  @Post('regenerate') async regenerate(@Req() request: { readonly session: Visitor }): Promise<void> {
    await request.session.regenerate();
    // another one than before
    request.session.ticks = 0;
  }

  @Get('me') me(@Session() session: Visitor): object {
    return { user: session._auth_user_id ?? null, cart: session.cart ?? null };
  }

  @Get('tick') tick(@Session() session: Visitor): number {
    return session.increment('ticks');
  }
}

/** Paths that are asked for one after another, each with the cookie that the browser has by then. */
export type Visits = readonly string[];

export interface Scene {
  /** What the visitor did before. */
  readonly given: Visits;
  /** What is asked for at the same time. The first request of each has the cookie of before. */
  readonly visits: readonly Visits[];
  /** Whose answers do not arrive. */
  readonly dropped?: readonly number[];
  /** Whether the answers arrive in any order, rather than in the one in which they were sent. */
  readonly reordered?: boolean;
  check(outcome: Outcome): Promise<void> | void;
}

export interface Outcome {
  /** The answers of each visit. */
  readonly answers: readonly (readonly Answer[])[];
  /** Indices of visits, in the order in which their answers arrived. */
  readonly arrivals: readonly number[];
  readonly browser: Browser;
  /** What the browser is shown in the end. */
  readonly me: { readonly user: string | null; readonly cart: string[] | null };
  /** The entries of the sessions that are stored in the end. */
  readonly stored: readonly Record<string, unknown>[];
}

const POSTS = ['cart', 'login', 'logout', 'cycle', 'step-up', 'regenerate'];

const methodOf = (path: string): string => (POSTS.includes(path) ? 'POST' : 'GET');

/** A shop whose processes share an embedded store, which answers in an order that is given. */
export class PlayedShop {
  private constructor(
    private readonly stage: Stage,
    private readonly apps: readonly TestApp[],
  ) {}

  static async start(platform: PlatformName, processes: number): Promise<PlayedShop> {
    const stage = new Stage(processes === 1);
    const projectName = `test-${randomUUID()}`;
    const apps: TestApp[] = [];
    let shared: KeyValueStore | undefined;
    for (let count = 0; count < processes; count++)
      apps.push(
        await startApp(platform, {
          controllers: [ShopController],
          options: { projectName },
          wrapStore: (own) => stage.wrap((shared ??= own)),
          prepare: (app) => stage.watch(app.getHttpServer() as Server),
        }),
      );
    return new PlayedShop(stage, apps);
  }

  /** Plays a scene in every order. @returns how many orders there were */
  play({ given, visits, dropped = [], reordered = false, check }: Scene): Promise<number> {
    const [first] = this.apps as [TestApp];
    return this.stage.inEveryOrder(async () => {
      await first.forget();
      const browser = new Browser((path, options) => first.send(path, options));
      for (const path of given) await browser.visit(`/${path}`, { method: methodOf(path) });
      const { cookie } = browser;
      const answers: Answer[][] = visits.map(() => []);
      const arrivals: number[] = [];
      const acts = visits.map((paths, visit) => async (actor: Actor) => {
        const app = this.apps[visit % this.apps.length]!;
        for (const [at, path] of paths.entries()) {
          const presented = at === 0 ? cookie : browser.cookie;
          const answer = await app.send(`/${path}`, {
            method: methodOf(path),
            headers: actor.headers,
            cookie: presented,
          });
          answers[visit]!.push(answer);
          const arrive = (): Promise<void> => {
            arrivals.push(visit);
            if (!dropped.includes(visit)) browser.receive(answer);
            return Promise.resolve();
          };
          await (reordered ? actor.step(arrive) : arrive());
        }
      });
      return {
        acts,
        check: async () => {
          const stored = Object.values(await first.stored());
          const me = JSON.parse((await browser.visit('/me')).body) as Outcome['me'];
          await check({ answers, arrivals, browser, me, stored });
        },
      };
    });
  }

  async close(): Promise<void> {
    for (const app of this.apps) await app.close();
  }
}
