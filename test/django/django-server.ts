import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { djangoPython } from './django-python.js';
import { documentedModules, type Environment } from './documented.js';

/** What the project prints when it listens. */
interface Greeting {
  readonly port: number;
  readonly version: readonly [major: number, minor: number];
}

/** The Django project in `shop/`, with the modules that stand on the pages, in a process of its own. */
export class DjangoServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly ended: Promise<void>,
    private readonly greeting: Greeting,
    /** What it has written to its standard error. */
    readonly log: () => string,
  ) {}

  static async start(redisPort: number, environment: Environment): Promise<DjangoServer> {
    const folder = mkdtempSync(join(tmpdir(), 'codex-django-'));
    cpSync(join(import.meta.dirname, 'shop'), join(folder, 'shop'), { recursive: true });
    for (const [name, code] of documentedModules(redisPort)) writeFileSync(join(folder, name), code);
    // it ends with its standard input, so that a run that is killed leaves no server behind
    const child = spawn(djangoPython(), ['-m', 'shop.serve'], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: 'pipe',
    });
    const ended = once(child, 'exit').then(() => rmSync(folder, { recursive: true, force: true }));
    let log = '';
    child.stderr.on('data', (chunk) => (log += String(chunk)));
    const greeting = await Promise.race([
      once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(String(line)) as Greeting),
      ended.then(() => Promise.reject(new Error(`Django ended: ${log}`))),
    ]);
    return new DjangoServer(child, ended, greeting, () => log);
  }

  get port(): number {
    return this.greeting.port;
  }

  /** Whether its version is this one or a later one. */
  isFrom(major: number, minor: number): boolean {
    const [itsMajor, itsMinor] = this.greeting.version;
    return itsMajor > major || (itsMajor === major && itsMinor >= minor);
  }

  async stop(): Promise<void> {
    this.process.stdin!.end();
    await this.ended;
  }
}
