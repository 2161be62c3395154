import express, { type Request, type Response } from 'express';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import {
  addExpressProperties,
  type Handle,
} from '../../../../lib/session-http/platform/express-properties.js';
import { startApp } from '../../../support/http-app.js';

interface Pair {
  readonly request: Request;
  readonly response: Response;
  /** The names of the request's properties when Express got it. */
  readonly names: PropertyKey[];
}

interface Handling {
  handle: Handle;
}

type Comparison = (a: object, b: object) => boolean;

const comparisonOfClasses = (): Comparison => {
  setFlagsFromString('--allow-natives-syntax');
  try {
    const haveSameClass = runInThisContext('(a, b) => %HaveSameMap(a, b)') as Comparison;
    // compiled by the first call, while the syntax is allowed
    haveSameClass({}, {});
    return haveSameClass;
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
};

/** Two requests that have come as far as the handler of a route, handed to `look` there. */
const whileTwoAreThere = async (
  look: (pairs: readonly [Pair, Pair]) => void,
  isLoadedEarly = false,
): Promise<void> => {
  const application = express();
  let names: PropertyKey[] = [];
  const handling = application as unknown as Handling;
  const { handle } = handling;
  handling.handle = (request, ...rest) => {
    names = Reflect.ownKeys(request);
    return handle.call(application, request, ...rest);
  };
  addExpressProperties(handling, () => isLoadedEarly);
  const server = createServer(application);
  const pairs: Pair[] = [];
  const both = new Promise<void>((resolve) => {
    application.get('/shop/:id', (request, response) => {
      if (request.url === '/shop/first') response.end();
      else if (pairs.push({ request, response, names }) === 2) resolve();
    });
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const ask = (id: string): Promise<unknown[]> => {
      const { port } = server.address() as AddressInfo;
      return once(get(`http://127.0.0.1:${port}/shop/${id}`, { agent: false }), 'response');
    };
    // V8 learns from the first ones what the properties hold
    for (let time = 0; time < 5; time += 1) await ask('first');
    const answers = [ask('1'), ask('1')];
    await both;
    try {
      look(pairs as [Pair, Pair]);
    } finally {
      pairs.forEach(({ response }) => response.end());
      await Promise.all(answers);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

describe('addExpressProperties', () => {
  it.each([
    ['requests of Express', 'request', false],
    ['requests of Express with a session', 'request', true],
    ['responses of Express', 'response', false],
  ] as const)('lets V8 give all %s one class', async (_, side, isLoadedEarly) => {
    const haveSameClass = comparisonOfClasses();
    const isOneClass = async (): Promise<boolean> => {
      let isSame = false;
      await whileTwoAreThere(([a, b]) => {
        isSame = haveSameClass(a[side], b[side]);
      }, isLoadedEarly);
      return isSame;
    };
    // what V8 has not seen before in a property gives the class a successor, also between the two
    let isSame = await isOneClass();
    for (let time = 0; time < 20 && !isSame; time += 1) isSame = await isOneClass();

    expect(isSame).toBe(true);
  });

  it('has done so in an application whose visitors have a session cookie', async () => {
    const haveSameClass = comparisonOfClasses();
    const waiting: { request: object; next: () => void }[] = [];
    const found = { isSame: false };
    const app = await startApp('express', {
      prepare: (nest) =>
        void nest.use((request: object, _response: object, next: () => void) => {
          if (waiting.push({ request, next }) < 2) return;
          const [a, b] = waiting.splice(0);
          found.isSame = haveSameClass(a!.request, b!.request);
          a!.next();
          b!.next();
        }),
    });
    try {
      const visit = (): Promise<unknown> => app.send('/', { cookie: 'a'.repeat(32) });
      for (let time = 0; time < 20 && !found.isSame; time += 1) await Promise.all([visit(), visit()]);
      expect(found.isSame).toBe(true);
    } finally {
      await app.close();
    }
  });

  it('has given a request all properties that Express and its router add', async () => {
    await whileTwoAreThere(([{ request, names }]) => {
      expect(Reflect.ownKeys(request)).toEqual(names);
    });
  });

  it.each([true, false])(
    'adds the session property where the session is loaded early: %s',
    async (isLoadedEarly) => {
      await whileTwoAreThere(([{ names }]) => {
        expect(names.includes('session')).toBe(isLoadedEarly);
      }, isLoadedEarly);
    },
  );

  it('leaves what Express made of them as it is', async () => {
    await whileTwoAreThere(([{ request, response }]) => {
      expect(request.originalUrl).toBe('/shop/1');
      expect(request.baseUrl).toBe('');
      expect(request.params).toEqual({ id: '1' });
      expect((request.route as { path: string }).path).toBe('/shop/:id');
      expect(request.res === response).toBe(true);
      expect(response.locals).toEqual({});
      expect(response.statusCode).toBe(200);
      expect(response.statusMessage).toBeUndefined();
    });
  });

  it('adds no body, by which body parsers know what was parsed already', async () => {
    await whileTwoAreThere(([{ request }]) => {
      expect('body' in request).toBe(false);
    });
  });

  it('leaves a request alone that an application is handed by the one it is mounted in', async () => {
    const inner = express();
    addExpressProperties(inner as unknown as Handling, () => true);
    inner.get('/book', (request, response) => {
      response.json([request.baseUrl, request.originalUrl, Object.hasOwn(request, 'session')]);
    });
    const server = express().use('/shop', inner).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/shop/book`);
      expect(await answer.json()).toEqual(['/shop', '/shop/book', false]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('keeps what the server of a user has set before', async () => {
    const application = express();
    addExpressProperties(application as unknown as Handling, () => false);
    application.get('/book', (request, response) => {
      response.json([request.originalUrl, response.locals]);
    });
    const server = createServer((request, response) => {
      Object.assign(request, { originalUrl: '/shop/book' });
      Object.assign(response, { locals: { theme: 'dark' }, statusCode: 203 });
      application(request as Request, response as Response);
    });
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/book`);
      expect(answer.status).toBe(203);
      expect(await answer.json()).toEqual(['/shop/book', { theme: 'dark' }]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('leaves the requests and responses of HTTP/2 alone', async () => {
    const handling: Handling = {
      handle(request, response) {
        seen = [request, response].map(
          (side) => Object.hasOwn(side, 'locals') || Object.hasOwn(side, 'next'),
        );
        response.end();
      },
    };
    addExpressProperties(handling, () => false);
    const server = createHttp2Server((request, response) => {
      handling.handle(request as never, response as never);
    });
    let seen: boolean[] = [];
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on('warning', warned);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      await once(client.request({ ':path': '/' }).resume(), 'end');
      // a warning is told in the next turn
      await new Promise(setImmediate);
      expect(seen).toEqual([false, false]);
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', warned);
      client.close();
      server.close();
    }
  });
});
