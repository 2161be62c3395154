import fc from 'fast-check';
import { request as httpRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type ApplicationProcess, startApplication } from '../support/application-process.js';
import { PLATFORMS } from '../support/http-app.js';
import { type Answer, keyFrom, request } from '../support/http-request.js';
import { mistakes, type Phase, PHASES } from '../support/session-mistakes.js';

const PROGRAM = fileURLToPath(new URL('../support/mistaken-sessions.ts', import.meta.url));

/** A step of a request: a mistake, by its place in the list, and when it is made. */
type Step = readonly [phase: Phase, mistake: number];

const planOf = (steps: readonly Step[]): string =>
  encodeURIComponent(steps.map(([phase, mistake]) => `${phase}:${mistake}`).join(','));

const SETTINGS = PLATFORMS.flatMap((platform) =>
  (['always', 'declared'] as const).map((load) => [platform, load] as const),
);

describe.each(SETTINGS)('Mistakes with sessions on %s, loaded %s', (platform, load) => {
  let app: ApplicationProcess;
  let port: number;
  const cookies: Record<string, string | undefined> = { none: undefined, unknown: 'a'.repeat(32) };

  beforeAll(async () => {
    app = await startApplication(PROGRAM, { PLATFORM: platform, LOAD: load });
    port = Number(new URL(app.url).port);
    cookies['stored'] = await visitorWithSession();
  });

  // fails when the process has ended in any way but by itself
  afterAll(() => app.stop());

  const visitorWithSession = async (): Promise<string | undefined> =>
    keyFrom(await request(port, '/write', { method: 'POST' }));

  const send = async (path: string, cookie: string | undefined): Promise<Answer | undefined> =>
    request(port, path, { cookie }).catch(() => undefined);

  const goAway = (path: string, cookie: string | undefined): Promise<void> =>
    new Promise((resolve) => {
      const sent = httpRequest({
        ...{ host: '127.0.0.1', port, path, agent: false },
        ...(cookie !== undefined && { headers: { Cookie: `sessionid=${cookie}` } }),
      });
      sent.on('error', () => resolve());
      sent.on('close', () => resolve());
      sent.end();
      setTimeout(() => sent.destroy(), 10);
    });

  const expectAlive = async (after: unknown): Promise<void> => {
    const answer = await send('/hello', undefined);
    if (answer?.status !== 200) throw new Error(`After ${JSON.stringify(after)}: ${app.log()}`);
  };

  /** Several mistakes a request, each at the end of all that the ones before may have done. */
  const sweep = async (
    phase: Phase,
    path: string,
    makes: (url: string) => Promise<unknown>,
  ): Promise<void> => {
    for (let from = 0; from < mistakes.length; from += 40) {
      const steps = mistakes.slice(from, from + 40).map((_, at): Step => [phase, from + at]);
      await makes(`${path}plan=${planOf(steps)}`);
      await expectAlive([phase, mistakes[from]?.name]);
    }
  };

  it.each(
    PHASES.flatMap((phase) =>
      Object.keys(cookies)
        .concat('stored')
        .map((kind) => [phase, kind] as const),
    ),
  )(
    'SE8 SE21 %s: none of them ends the process (cookie: %s)',
    (phase, kind) => sweep(phase, '/act?', (url) => send(url, cookies[kind])),
    60_000,
  );

  it('SE8 SE21 on a route that does without, on one that is not there, and by one who goes away', async () => {
    for (const phase of ['loaded', 'finished'] as const)
      for (const path of ['/skipped?', '/no-such-page?'])
        await sweep(phase, path, (url) => send(url, cookies['stored']));
    await sweep('closed', '/act?hang&', (url) => goAway(url, cookies['unknown']));
  }, 60_000);

  it('SE8 SE21 nor does any sequence of them', async () => {
    const step = fc.tuple(fc.constantFrom(...PHASES), fc.nat({ max: mistakes.length - 1 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('/act?', '/skipped?', '/no-such-page?'),
        fc.constantFrom('none', 'unknown', 'stored'),
        async (steps, path, kind) => {
          const cookie = kind === 'stored' ? await visitorWithSession() : cookies[kind];
          await send(`${path}plan=${planOf(steps)}`, cookie);
          await expectAlive(steps.map(([phase, at]) => `${phase}: ${mistakes[at]?.name}`));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});
