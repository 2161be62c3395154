import type { INestApplication, Type } from '@nestjs/common';
import { CONTROLLER_WATERMARK } from '@nestjs/common/constants.js';

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

interface ExpressInstance {
  readonly router: { readonly stack: readonly Layer[] };
}

interface RoutedRequest {
  readonly method: string;
  readonly route?: { readonly path: string };
}

/** What an application on Express serves, as `GET /books/:id`. */
export const routesOf = (app: INestApplication): string[] => {
  const { router } = app.getHttpAdapter().getInstance() as ExpressInstance;
  return router.stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );
};

/** Which routes of an application were asked. */
export class AskedRoutes {
  readonly #asked = new Set<string>();

  /** To be called before the application starts. */
  watch(app: INestApplication): void {
    app.use((request: RoutedRequest, response: NodeJS.EventEmitter, next: () => void) => {
      response.once('finish', () => this.#asked.add(`${request.method} ${request.route?.path}`));
      next();
    });
  }

  missingIn(app: INestApplication): string[] {
    return routesOf(app).filter((route) => !this.#asked.has(route));
  }
}

export const isController = (value: unknown): value is Type =>
  typeof value === 'function' && Reflect.hasMetadata(CONTROLLER_WATERMARK, value);

/** What each page says of the routes of its applications. */
const PROMISED: Readonly<Record<string, unknown>> = {
  'README.md GET /visits': { today: 'Good morning', visits: 1 },
  'docs/caching-responses.md GET /books': { page: '1', books: ['Emma'] },
  'docs/caching-responses.md GET /books/recommended': ['Ulysses'],
  'docs/caching-responses.md GET /books/:id': { id: '1' },
  'docs/caching-responses.md GET /products': ['Kettle'],
  'docs/caching-responses.md GET /products/:id': { id: '1' },
  'docs/health.md GET /health': expect.objectContaining({ status: 'ok' }) as unknown,
  'docs/migrating.md GET /books': ['Emma'],
  'docs/sessions-elsewhere.md GET /': {},
  'docs/wiring.md GET /': 1,
};

/** Asks each route of a page's application, which answers what the page promises. */
export const askEachRoute = async (app: INestApplication, page: string): Promise<void> => {
  const url = await app.getUrl();
  for (const route of routesOf(app)) {
    const [method = '', path = ''] = route.split(' ');
    // several pages cache a route of one name in one Redis
    const address = `${url}${path.replace(/:\w+/g, '1')}?of=${encodeURIComponent(page)}`;
    const answer = await fetch(address, { method });
    const body: unknown = JSON.parse(await answer.text());
    expect({ route, status: answer.status, body }).toEqual({
      route,
      status: method === 'POST' ? 201 : 200,
      body: PROMISED[`${page} ${route}`] ?? 'what PROMISED in test/docs/routes.ts has to say',
    });
  }
};
