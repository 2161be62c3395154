import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine, versions } from './core/environment.mjs';
import { MODES } from './core/modes.mjs';
import { RedisServer } from './core/redis-server.mjs';
import { sideBySide } from './core/side-by-side.mjs';
import { table } from './report/format.mjs';
import { targetTable } from './report/tables.mjs';
import { SCENARIOS } from './scenarios/index.mjs';

const RESULTS = new URL('./results/', import.meta.url);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    smoke: { type: 'boolean' },
    only: { type: 'string', multiple: true },
  },
});

const modeOf = () => {
  if (options.smoke) return MODES.smoke;
  return options.quick ? MODES.quick : MODES.full;
};

const mode = modeOf();
const chosen = SCENARIOS.filter(({ name }) => options.only?.includes(name) ?? true);

const secondsSince = (started) => (performance.now() - started) / 1000;

/** Runs a scenario on an empty Redis of its own. */
const runScenario = async (scenario) => {
  const started = performance.now();
  const redis = await RedisServer.start();
  try {
    return await scenario.run({ redis, mode });
  } finally {
    await redis.stop();
    console.error(`${scenario.name}: ${secondsSince(started).toFixed(1)} s\n`);
  }
};

/** One after the other, but for those that may run together where the mode asks for it. */
const groupsOf = (scenarios) => {
  const together = scenarios.filter(({ unhurried }) => unhurried && mode.sideBySide);
  const alone = scenarios.filter((scenario) => !together.includes(scenario)).map((scenario) => [scenario]);
  return [...alone, together];
};

const started = performance.now();
const setting = { mode: mode.name, date: new Date().toISOString(), machine: machine(), versions: versions() };
const results = {};
for (const group of groupsOf(chosen)) {
  await sideBySide(group.map(async (scenario) => (results[scenario.name] = await runScenario(scenario))));
  for (const { name, tables } of group) for (const one of tables(results[name])) console.log(table(one));
}
if (mode !== MODES.smoke) console.log(table(targetTable(results)));

const seconds = Math.round(secondsSince(started));
if (options.only === undefined) {
  const file = mode === MODES.full ? 'latest' : mode.name;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    new URL(`${file}.json`, RESULTS),
    `${JSON.stringify({ ...setting, seconds, results }, null, 2)}\n`,
  );
}
console.log(`${chosen.length} scenarios worked in ${seconds} s.`);
