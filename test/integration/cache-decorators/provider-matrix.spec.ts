import 'reflect-metadata';
import {
  type CallHandler,
  Controller,
  Delete,
  Get,
  Headers,
  Inject,
  Injectable,
  type InjectionToken,
  Module,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  type Provider,
  Put,
  Scope,
  type ScopeOptions,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import {
  ContextIdFactory,
  type ContextIdStrategy,
  createContextId,
  type HostComponentInfo,
  ModuleRef,
  REQUEST,
} from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocketGateway } from '@nestjs/websockets';
import { map } from 'rxjs';
import { Cacheable, CacheEvict, CachePut, CacheService } from 'nestjs-codex-redis';
import { type PlatformName, PLATFORMS, startApp, type TestApp } from '../../support/http-app.js';

interface Page {
  readonly visitor: string;
  readonly id: number;
  readonly run: number;
  /** The class of `this`. */
  readonly by: string;
  /** Whose request `this` was made for, where it was made for one. */
  readonly madeFor: string | null;
  /** All who have run a method on this instance. */
  readonly served: readonly string[];
}

/** Whose request it is. A durable provider is made for all requests of a tenant, the first part of a visitor's name. */
interface Asking {
  readonly headers?: { readonly 'x-visitor': string };
  readonly tenant?: string;
}

const SCOPES = {
  singleton: { scope: Scope.DEFAULT },
  request: { scope: Scope.REQUEST },
  transient: { scope: Scope.TRANSIENT },
  durable: { scope: Scope.REQUEST, durable: true },
} satisfies Record<string, ScopeOptions>;
type ScopeName = keyof typeof SCOPES;

const tenantOf = (visitor: string): string => visitor.split('-')[0]!;

class ByTenant implements ContextIdStrategy<Asking> {
  readonly #contexts = new Map<string, ReturnType<typeof createContextId>>();

  attach(
    own: ReturnType<typeof createContextId>,
    { headers }: Asking,
  ): ReturnType<ContextIdStrategy['attach']> {
    const tenant = tenantOf(headers?.['x-visitor'] ?? '');
    const shared = this.#contexts.get(tenant) ?? createContextId();
    this.#contexts.set(tenant, shared);
    const resolve = ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? shared : own);
    return { resolve, payload: { tenant } };
  }
}

/** What has the three methods, by the entries of one cell of the matrix. */
interface Pages {
  page(visitor: string, id: number): Promise<Page>;
  put(visitor: string, id: number): Promise<Page>;
  evict(visitor: string, id: number): Promise<string>;
}

let runs = 0;

const pagesClass = (cell: string, isScoped: boolean): Type<Pages> => {
  class CachedPages implements Pages {
    readonly asking: Asking | undefined;
    readonly #served: string[] = [];

    @Cacheable((visitor: string, id: number) => [cell, visitor, id], { timeout: 60 })
    page(visitor: string, id: number): Promise<Page> {
      return this.make(visitor, id);
    }

    @CachePut((visitor: string, id: number) => [cell, visitor, id], { timeout: 60 })
    put(visitor: string, id: number): Promise<Page> {
      return this.make(visitor, id);
    }

    @CacheEvict((visitor: string, id: number) => [cell, visitor, id])
    evict(visitor: string, id: number): Promise<string> {
      return Promise.resolve(`${visitor} ${id}`);
    }

    async make(visitor: string, id: number): Promise<Page> {
      const run = ++runs;
      this.#served.push(visitor);
      await Promise.resolve();
      const madeFor = this.asking?.headers?.['x-visitor'] ?? this.asking?.tenant ?? null;
      return { visitor, id, run, by: this.constructor.name, madeFor, served: this.#served };
    }
  }
  // as a constructor's parameter, which is what makes a class follow the request
  class ScopedPages extends CachedPages {
    constructor(@Inject(REQUEST) override readonly asking: Asking) {
      super();
    }
  }
  return isScoped ? ScopedPages : CachedPages;
};

/** Makes an object behind `token` in one of the ways there are. */
type Kind = (token: InjectionToken, pages: Type<Pages>, options: ScopeOptions) => Provider[];

const injectable = (type: Type<Pages>, options: ScopeOptions): Type<Pages> => {
  Injectable(options)(type);
  return type;
};

const inherited = (base: Type<Pages>): Type<Pages> =>
  class Inheriting extends (base as Type<object>) {} as never;

const MADE_BY_NEST: Record<string, Kind> = {
  useClass: (provide, pages, options) => [{ provide, useClass: injectable(pages, options) }],
  useExisting: (provide, pages, options) => [injectable(pages, options), { provide, useExisting: pages }],
  'an inheriting class': (provide, pages, options) => [
    { provide, useClass: injectable(inherited(injectable(pages, options)), options) },
  ],
  'useFactory with ModuleRef.create()': (provide, pages, options) => [
    {
      provide,
      inject: [ModuleRef],
      useFactory: (moduleRef: ModuleRef) => moduleRef.create(pages),
      ...(options.scope !== undefined && { scope: options.scope }),
    },
  ],
  'a gateway': (provide, pages, options) => {
    WebSocketGateway()(pages);
    return [injectable(pages, options), { provide, useExisting: pages }];
  },
};

const CONTROLLERS: Record<string, (type: Type<Pages>) => Type<Pages>> = {
  'a controller': (type) => type,
  'an inheriting controller': inherited,
};

const NOT_MADE_BY_NEST: Record<string, Kind> = {
  'useFactory with new': (provide, pages, { scope }) => [
    { provide, useFactory: () => new pages(), ...(scope !== undefined && { scope }) },
  ],
  useValue: (provide, pages) => [{ provide, useValue: new pages() }],
};

@Injectable()
class InData implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): ReturnType<CallHandler['handle']> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

/** Routes on a class whose methods are those of Pages, as if it had been decorated where it was written. */
const asController = (path: string, type: Type<Pages>, options: ScopeOptions): Type => {
  const routes = { page: Get(':id'), put: Put(':id'), evict: Delete(':id') };
  for (const [name, route] of Object.entries(routes)) {
    for (let at = type.prototype as object; at !== Object.prototype; at = Reflect.getPrototypeOf(at)!) {
      const descriptor = Reflect.getOwnPropertyDescriptor(at, name);
      if (descriptor !== undefined) route(at, name, descriptor);
    }
    Headers('x-visitor')(type.prototype as object, name, 0);
    Param('id', ParseIntPipe)(type.prototype as object, name, 1);
  }
  Controller({ path, ...options })(type);
  UseInterceptors(InData)(type);
  return type;
};

/** A controller whose handlers ask a provider. */
const asking = (path: string, token: InjectionToken): Type => {
  class AskingController implements Pages {
    constructor(@Inject(token) private readonly pages: Pages) {}

    page(visitor: string, id: number): Promise<Page> {
      return this.pages.page(visitor, id);
    }
    put(visitor: string, id: number): Promise<Page> {
      return this.pages.put(visitor, id);
    }
    evict(visitor: string, id: number): Promise<string> {
      return this.pages.evict(visitor, id);
    }
  }
  return asController(path, AskingController, {});
};

interface Cell {
  readonly kind: string;
  readonly scope: ScopeName;
  readonly path: string;
  /** Builds this part of the application for each run. */
  module(): Type;
}

const moduleOf = (controllers: Type[], providers: Provider[]): Type => {
  class CellModule {}
  Module({ controllers, providers })(CellModule);
  return CellModule;
};

const isScoped = (scope: ScopeName): boolean => scope === 'request' || scope === 'durable';
const scopes = Object.keys(SCOPES) as ScopeName[];
const pathOf = (kind: string, scope: ScopeName): string => `${kind} ${scope}`.replace(/\W+/g, '-');

const providerCell = (kind: string, provider: Kind, scope: ScopeName, fails: boolean): Cell => {
  const path = pathOf(kind, scope);
  return {
    kind,
    scope,
    path,
    module: () => {
      const pages = pagesClass(path, isScoped(scope) && !fails);
      return moduleOf([asking(path, path)], provider(path, pages, SCOPES[scope]));
    },
  };
};

const controllerCell = (kind: string, scope: ScopeName, wrap: (type: Type<Pages>) => Type<Pages>): Cell => {
  const path = pathOf(kind, scope);
  const module = (): Type =>
    moduleOf([asController(path, wrap(pagesClass(path, isScoped(scope))), SCOPES[scope])], []);
  return { kind, scope, path, module };
};

/**
 * What Nest itself can make: a gateway once, what ModuleRef creates without a request, and a transient controller never, whose
 * handlers it calls on an object without fields.
 */
const isPossible = (kind: string, scope: ScopeName): boolean => {
  if (kind === 'a gateway') return scope === 'singleton';
  if (kind.includes('ModuleRef')) return !isScoped(scope);
  return !(kind.includes('controller') && scope === 'transient');
};

const CELLS: Cell[] = [
  ...Object.entries(MADE_BY_NEST).flatMap(([kind, provider]) =>
    scopes
      .filter((scope) => isPossible(kind, scope))
      .map((scope) => providerCell(kind, provider, scope, false)),
  ),
  ...Object.entries(CONTROLLERS).flatMap(([kind, wrap]) =>
    scopes.filter((scope) => isPossible(kind, scope)).map((scope) => controllerCell(kind, scope, wrap)),
  ),
];

const FAILING: Cell[] = Object.entries(NOT_MADE_BY_NEST).flatMap(([kind, provider]) =>
  scopes
    .filter((scope) => kind !== 'useValue' || scope === 'singleton')
    .map((scope) => providerCell(kind, provider, scope, true)),
);

const titled = (cells: readonly Cell[]): [string, Cell][] =>
  cells.map((cell) => [`${cell.kind}, ${cell.scope}`, cell]);

describe.each(PLATFORMS)('Decorated methods asked over HTTP on %s', (platform: PlatformName) => {
  let app: TestApp;
  const ordinary = ContextIdFactory.getByRequest;

  beforeAll(async () => {
    ContextIdFactory.apply(new ByTenant());
    app = await startApp(platform, {
      sessionsOff: true,
      imports: [...CELLS, ...FAILING].map((cell) => cell.module()),
      prepare: (nest) => {
        nest.useWebSocketAdapter(new WsAdapter(nest));
      },
    });
  });
  afterAll(async () => {
    await app.close();
    ContextIdFactory.getByRequest = ordinary;
  });

  const send = async (
    cell: Cell,
    visitor: string,
    method = 'GET',
  ): Promise<{ status: number; data: Page }> => {
    const answer = await app.send(`/${cell.path}/7`, { method, headers: { 'X-Visitor': visitor } });
    return { status: answer.status, data: (JSON.parse(answer.body) as { data: Page }).data };
  };

  /** For whom `this` of a run was made, and whom it had served with that run. */
  const expectOwnThis = ({ scope }: Cell, { visitor, madeFor, served }: Page): void => {
    if (scope === 'request') expect([madeFor, served]).toEqual([visitor, [visitor]]);
    else if (scope === 'durable') {
      expect(madeFor).toBe(tenantOf(visitor));
      expect(new Set(served.map(tenantOf))).toEqual(new Set([tenantOf(visitor)]));
    } else expect([madeFor, served]).toEqual([null, expect.arrayContaining([visitor])]);
  };

  it.each(titled(CELLS))(
    'DE3 %s: a hit is a hit, `this` is right, and no visitor gets another’s',
    async (_, cell) => {
      const before = runs;
      const visitors = ['a-ada', 'a-eve', 'b-bob'];
      const first: Page[] = [];
      for (const visitor of visitors) {
        const { status, data } = await send(cell, visitor);
        expect([status, data.visitor, data.id, data.by]).toEqual([200, visitor, 7, expect.any(String)]);
        expectOwnThis(cell, data);
        first.push(data);
      }
      expect(runs - before).toBe(3);
      for (const [at, visitor] of visitors.entries())
        for (let n = 0; n < 2; n++) expect((await send(cell, visitor)).data).toEqual(first[at]);
      expect(runs - before).toBe(3);

      const evicted = await send(cell, 'a-ada', 'DELETE');
      expect([evicted.status, evicted.data]).toEqual([200, 'a-ada 7']);
      expect((await send(cell, 'a-eve')).data).toEqual(first[1]);
      const again = (await send(cell, 'a-ada')).data;
      expect(again.run).toBe(before + 4);
      expectOwnThis(cell, again);

      const put = (await send(cell, 'b-bob', 'PUT')).data;
      expect(put.run).toBe(before + 5);
      expectOwnThis(cell, put);
      expect((await send(cell, 'b-bob')).data).toEqual(put);
      expect(runs - before).toBe(5);
    },
  );

  it.each(titled(CELLS))('DE3 %s: of parallel calls each visitor’s share one run', async (_, cell) => {
    const before = runs;
    const visitors = ['c-cid', 'd-dan', 'c-cat'];
    const asked = [...visitors, ...visitors, ...visitors];
    const answers = await Promise.all(asked.map((visitor) => send(cell, visitor)));
    for (const [at, { data }] of answers.entries()) {
      expect(data.visitor).toBe(asked[at]);
      expectOwnThis(cell, data);
      expect(data.run).toBe(answers[at % visitors.length]!.data.run);
    }
    expect(runs - before).toBe(visitors.length);
  });

  it.each(titled(FAILING))('DE3 %s: rejects, and never runs uncached', async (_, cell) => {
    const before = runs;
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await send(cell, 'a-ada', method)).status).toBe(500);
    expect(runs).toBe(before);
    expect(await app.app.get(CacheService, { strict: false }).has(`${cell.path}:a-ada:7`)).toBe(false);
  });
});
