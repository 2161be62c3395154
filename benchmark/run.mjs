import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine, versions } from './core/environment.mjs';
import { MODES } from './core/modes.mjs';
import { RedisServer } from './core/redis-server.mjs';
import { table } from './report/format.mjs';
import { targetTable } from './report/targets.mjs';
import { SCENARIOS } from './scenarios/index.mjs';

const RESULTS = new URL('./results/', import.meta.url);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    smoke: { type: 'boolean' },
    only: { type: 'string', multiple: true },
  },
});

const mode = options.smoke ? MODES.smoke : options.quick ? MODES.quick : MODES.full;
const chosen = SCENARIOS.filter(({ name }) => options.only?.includes(name) ?? true);

/** Runs a scenario on an empty Redis of its own. */
const runScenario = async (scenario) => {
  const redis = await RedisServer.start();
  try {
    return await scenario.run({ redis, mode });
  } finally {
    await redis.stop();
  }
};

const started = performance.now();
const results = {};
const targets = [];
for (const scenario of chosen) {
  const begun = performance.now();
  const result = await runScenario(scenario);
  results[scenario.name] = result;
  targets.push(...scenario.targets(result));
  for (const printed of scenario.tables(result)) console.log(table(printed));
  console.error(`${scenario.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}

const measured = targets.filter(({ value }) => value !== undefined);
if (mode.name !== 'smoke' && measured.length > 0) console.log(table(targetTable(measured)));

const seconds = Math.round((performance.now() - started) / 1000);
const report = {
  mode: mode.name,
  date: new Date().toISOString(),
  seconds,
  machine: machine(),
  versions: await versions(),
  results,
  targets,
};
if (options.only === undefined && mode.name !== 'smoke') {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    new URL(mode.name === 'full' ? 'latest.json' : `${mode.name}.json`, RESULTS),
    `${JSON.stringify(report, null, 2)}\n`,
  );
}
console.log(`${chosen.length} scenarios worked in ${seconds} s.`);
