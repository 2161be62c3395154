import { Controller, Get, type INestApplication, Logger, type LoggerService } from '@nestjs/common';
import type { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { readFileSync } from 'node:fs';
import { get as getOverTls } from 'node:https';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { makeCertificate, type TestCertificate } from '../support/tls.js';

@Controller()
class CookieController {
  @Get('write') write(@Session() session: Session): string {
    session['user'] = 'ada';
    return 'written';
  }

  @Get('flush') async flush(@Session() session: Session): Promise<string> {
    await session.flush();
    return 'flushed';
  }
}

const HTTPS = { 'X-Forwarded-Proto': 'https' };
const HTTP = { 'X-Forwarded-Proto': 'http' };

describe.each(PLATFORMS)('a secure session cookie on %s', (platform) => {
  let app: TestApp;
  let warnings: string[];
  let certificate: TestCertificate;
  const ignore = (): void => undefined;
  const logger: LoggerService = {
    log: ignore,
    error: ignore,
    warn: (line: unknown) => void warnings.push(String(line)),
  };

  beforeAll(() => {
    certificate = makeCertificate();
  });

  afterAll(() => certificate.remove());

  beforeEach(() => {
    warnings = [];
  });

  afterEach(() => app.close());

  const start = async (options: AppOptions = {}): Promise<void> => {
    app = await startApp(platform, {
      controllers: [CookieController],
      session: { cookie: { secure: true } },
      ...options,
      prepare: async (nest: INestApplication) => {
        nest.useLogger(logger);
        await options.prepare?.(nest);
      },
    });
  };

  afterEach(() => {
    Logger.overrideLogger(false);
  });

  const trustingProxy = (): AppOptions =>
    platform === 'express'
      ? {
          prepare: (nest) => {
            const { httpAdapter } = nest as unknown as { httpAdapter: ExpressAdapter };
            void httpAdapter.set('trust proxy', 1);
          },
        }
      : { adapter: () => new FastifyAdapter({ trustProxy: true }) };

  it('CN21 is warned of once where it is set over plain HTTP, with the fix, and is set all the same', async () => {
    await start();
    for (let request = 0; request < 3; request++) {
      const { setCookies } = await app.send('/write');
      expect(setCookies).toEqual([expect.stringMatching(/; Secure/i)]);
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^A session cookie that is secure was set .* over plain HTTP/),
    ]);
    expect(warnings[0]).toMatch(/'trust proxy'.*trustProxy: true.*session\.cookie\.secure/);
  });

  it('CN21 does not warn of a cookie that is deleted', async () => {
    await start();
    const { key } = await app.sessions.create();
    expect((await app.send('/flush', { cookie: key! })).setCookies).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('CN21 is not warned of where it is not secure', async () => {
    await start({ session: { cookie: { secure: false } } });
    await app.send('/write');
    expect(warnings).toEqual([]);
  });

  it('CN21 is warned of behind a proxy that the application does not trust', async () => {
    await start();
    await app.send('/write', { headers: HTTPS });
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['HTTPS', HTTPS, 0],
    ['HTTP', HTTP, 1],
  ])('CN21 follows a proxy that is trusted: %s', async (_, headers, count) => {
    await start(trustingProxy());
    expect((await app.send('/write', { headers })).setCookies).toHaveLength(1);
    expect(warnings).toHaveLength(count);
  });

  it('CN21 is not warned of over TLS', async () => {
    const files = { key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certFile) };
    await start(
      platform === 'express'
        ? { nestOptions: { httpsOptions: files } }
        : { adapter: () => new FastifyAdapter({ https: files } as object) },
    );
    const { setCookies, status } = await overTls(app.port, certificate.ca);
    expect(status).toBe(200);
    expect(setCookies).toHaveLength(1);
    expect(warnings).toEqual([]);
  });
});

const overTls = (port: number, ca: string): Promise<{ status?: number | undefined; setCookies: string[] }> =>
  new Promise((resolve, reject) => {
    getOverTls({ host: '127.0.0.1', port, path: '/write', ca, agent: false }, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode, setCookies: response.headers['set-cookie'] ?? [] }),
      );
    }).on('error', reject);
  });
