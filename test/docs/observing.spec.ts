import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { collectCodexRedisMetrics } from '../../lib/prometheus/index.js';
import { alertRules } from '../support/alert-rules.js';
import { ROOT } from './pages.js';

const page = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');

/** The first cells of a table, whose head begins with a word. */
const firstCells = (text: string, head: string): string[] =>
  text
    .slice(text.search(new RegExp(`^\\| ${head} `, 'm')))
    .split('\n\n')[0]!
    .split('\n')
    .slice(2)
    .map((row) => row.split('|')[1]!.trim());

describe('docs/observing.md', () => {
  const observing = page('observing.md');
  const failures = page('failures.md');
  const rows = new Map(
    [...observing.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, failure = '', alert = '']) => [
      failure,
      alert,
    ]),
  );
  const rules = new Set([...observing.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name));

  it('has an alert for each failure that docs/failures.md names, and a rule for each alert', () => {
    const named = [
      ...firstCells(failures, 'fault'),
      ...firstCells(failures, 'at start').map((row) => `at start: ${row}`),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((failure) => !rows.has(failure))).toEqual([]);
    const used = named.flatMap((failure) =>
      [...rows.get(failure)!.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    expect(used.filter((name) => !rules.has(name))).toEqual([]);
    const silent = named.filter((failure) => !/`\w+`/.test(rows.get(failure)!));
    expect(silent.map((failure) => rows.get(failure))).toEqual([
      'a warning in the log',
      'a debug line in the log',
    ]);
    const told = [...rows.values()].join();
    expect([...rules].filter((rule) => !told.includes(`\`${rule}\``))).toEqual([]);
  });

  it('asks for metrics and labels only that are collected', async () => {
    const register = new Registry();
    const end = collectCodexRedisMetrics({ register });
    const metrics = await register.getMetricsAsJSON();
    end();
    const names = metrics.flatMap(({ name }) => [name, `${name}_bucket`]);
    const asked = [...observing.matchAll(/nestjs_codex_redis_\w+_(?:total|seconds)(?:_bucket)?/g)].map(
      ([name]) => name,
    );
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !names.includes(name))).toEqual([]);
    expect(metrics.map(({ name }) => name).filter((name) => !asked.includes(name))).toEqual([]);
  });

  it('asks for labels, operations and outcomes only that exist', () => {
    const types = ['cache-channel.ts', 'session-channel.ts']
      .map((file) => readFileSync(join(ROOT, 'lib/telemetry', file), 'utf8'))
      .join();
    const words = new Set([...types.matchAll(/(?:\||=) '(\w+)'/g)].map(([, word = '']) => word));
    const known = { __name__: /./, job: /^shop$/, error: /^Redis\w+Error$/ };
    const asked = alertRules().flatMap(({ expr }) =>
      [...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]),
    );
    expect(asked.length).toBeGreaterThan(20);
    for (const [label = '', text = ''] of asked)
      if (label === 'operation' || label === 'outcome')
        for (const word of text.split('|'))
          expect([...words].some((one) => new RegExp(`^(?:${word})$`).test(one)) ? '' : word).toBe('');
      else expect(text).toMatch(Reflect.get(known, label) as RegExp);
  });

  it('has a rule for each error that docs/failures.md lets a caller see', () => {
    const errors = [...failures.matchAll(/^- `(\w+Error)`/gm)].map(([, name = '']) => name);
    expect(errors.length).toBe(4);
    for (const error of errors) expect(observing).toContain(`error="${error}"`);
  });
});
