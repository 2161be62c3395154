import assert from 'node:assert/strict';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { mapValues, median } from '../core/statistics.mjs';
import { commandsEach, figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

const SESSIONS = 10;

/** What is asked of the application for a user with ten sessions, and what it answers. */
const OPERATIONS = {
  'sign-in': { path: 'sign-in', answer: {} },
  [`list of ${SESSIONS}`]: { path: 'list', answer: { sessions: SESSIONS } },
  [`end all of ${SESSIONS}`]: { path: 'end-all', answer: { ended: SESSIONS } },
};

export const run = ({ redis, mode }) =>
  withContenders([applicationOn(redis)], async ([application]) => {
    const url = await application.call('url');
    const times = mapValues(OPERATIONS, () => []);
    const commands = {};
    for (let user = 0; user <= mode.rounds; user += 1) {
      const ask = askFor(url, user);
      for (let i = 1; i < SESSIONS; i += 1) await ask('sign-in');
      for (const [name, { path, answer }] of Object.entries(OPERATIONS)) {
        const timed = async () => {
          const started = performance.now();
          assert.deepEqual(await ask(path), answer);
          times[name].push(performance.now() - started);
        };
        if (user === 0) commands[name] = await countCommands(redis.url, timed);
        else await timed();
      }
    }
    return mapValues(times, (all, name) => ({
      ms: median(all.slice(1)),
      commands: sumOf(commands[name]),
      commandNames: commandsEach(commands[name], 1),
    }));
  });

const applicationOn = (redis) => ({
  name: 'codex-redis',
  contender: 'contenders/session/devices.mjs',
  job: 'jobs/web-application.mjs',
  options: { url: redis.url },
});

const askFor = (url, user) => async (path) => (await fetch(`${url}/${path}/${user}`)).json();

export const tables = (result) => [
  {
    title: 'The sessions of a user',
    note: 'One request after the other, HTTP included.',
    columns: ['request', 'ms', 'commands'],
    rows: Object.entries(result).map(([name, { ms, commandNames }]) => [name, figure(ms), commandNames]),
  },
];

export const targets = (result) => [
  atMost('sign-in, commands, the save included', result['sign-in'].commands, 3),
];
