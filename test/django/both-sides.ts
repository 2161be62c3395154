import { randomUUID } from 'node:crypto';
import { createClient, type RedisClientType } from 'redis';
import { RedisServer } from '../support/redis-server.js';
import { DjangoServer } from './django-server.js';
import { documentedEnvironment, type Environment } from './documented.js';
import { type NestOptions, NestServer } from './nest-server.js';
import { type Side, Visitor } from './visitor.js';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly password: string;
}

interface CallOutcome {
  readonly result?: unknown;
  readonly error?: string;
}

/** A Redis of a suite's own with a Django on it, beside which Nest applications are started. */
export class BothSides {
  readonly #nests: NestServer[] = [];

  private constructor(
    private readonly server: RedisServer,
    readonly redis: RedisClientType,
    readonly environment: Environment,
    readonly django: DjangoServer,
  ) {}

  /** @param settings variables for both sides, beside those of docs/django.md */
  static async start(settings: Environment = {}): Promise<BothSides> {
    const server = await RedisServer.start();
    try {
      const environment = { ...documentedEnvironment(server.port), ...settings };
      const django = await DjangoServer.start(server.port, environment);
      const redis: RedisClientType = createClient({ url: server.url });
      await redis.connect();
      return new BothSides(server, redis, environment, django);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Starts a Nest application, with some settings that Django does not have. */
  async startNest(
    settings: Environment = {},
    options: Pick<NestOptions, 'platform' | 'adjust'> = {},
  ): Promise<NestServer> {
    const environment = { ...this.environment, ...settings };
    const nest = await NestServer.start({ ...options, redis: this.redis, environment });
    this.#nests.push(nest);
    return nest;
  }

  visitor(): Visitor {
    return new Visitor(this.environment['SESSION_COOKIE_NAME']!);
  }

  /** A user whom Django knows and nobody else is. */
  async newUser(): Promise<User> {
    const user = { name: `ada-${randomUUID()}`, password: randomUUID() };
    return { ...user, id: await this.visitor().does(this.django, 'register', user) };
  }

  async logIn(visitor: Visitor, { name, password }: User): Promise<void> {
    await visitor.does(this.django, 'login', { name, password });
  }

  /** A visitor who has logged in with Django. */
  async loggedIn(user?: User): Promise<Visitor> {
    const visitor = this.visitor();
    await this.logIn(visitor, user ?? (await this.newUser()));
    return visitor;
  }

  /** The key of a visitor's session in Redis. */
  storeKey({ key }: Visitor): string {
    return `shop:session:${String(key)}`;
  }

  /** A visitor whose session one side begins with these entries. */
  async visitorOf(side: Side, entries: object): Promise<Visitor> {
    const visitor = this.visitor();
    await visitor.does(side, 'update', { entries });
    return visitor;
  }

  /**
   * What a method of Django's cache returns.
   *
   * @throws Error with the name of the one that the method raises
   */
  async call(method: string, args: readonly unknown[] = [], kwargs: object = {}): Promise<unknown> {
    const called = { method, args, kwargs };
    const outcome = await this.visitor().does<CallOutcome>(this.django, 'cache', called);
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.result;
  }

  /** Calls a method of a cache of Django that pickles: of Django's own, or of django-redis where there is none. */
  async callPickling(method: string, args: readonly unknown[] = []): Promise<void> {
    await this.visitor().does(this.django, 'cache/pickle', { method, args });
  }

  async stop(): Promise<void> {
    for (const nest of this.#nests) await nest.stop();
    await this.django.stop();
    this.redis.destroy();
    await this.server.stop();
  }
}
