import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from 'nestjs-codex-redis';
import { Registry } from 'prom-client';
import { collectCodexRedisMetrics } from '../../lib/prometheus/index.js';
import { ofMany, type Reading } from '../../lib/cache/observing/reading.js';
import { alertRules } from '../support/alert-rules.js';
import { CACHE_OUTCOMES } from '../support/outcomes/cache-outcomes.js';
import { drivenOf } from '../support/outcomes/driving.js';
import { SESSION_OUTCOMES } from '../support/outcomes/session-outcomes.js';
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

/** The words in backticks. */
const wordsIn = (text: string): string[] => [...text.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
const wordIn = (text: string): string => wordsIn(text)[0] ?? text;

/** Each operation of a channel with each of its outcomes, as the page has them. */
const pairsOf = (text: string): string[] =>
  [...text.matchAll(/^\| (cache|session) +\|(.*)\|(.*)\|$/gm)].flatMap(
    ([, channel = '', operations = '', outcomes = '']) =>
      wordsIn(operations).flatMap((operation) =>
        [...wordsIn(outcomes), 'error'].map((outcome) => `${channel} ${operation} ${outcome}`),
      ),
  );

/** The words of a union in lib/telemetry. */
const unionOf = (file: string, declaration: string): Set<string> => {
  const source = readFileSync(join(ROOT, 'lib/telemetry', file), 'utf8');
  const [, union = ''] = new RegExp(`${declaration}([^;]*);`).exec(source) ?? [];
  return new Set([...union.matchAll(/'(\w+)'/g)].map(([, word = '']) => word));
};

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

  it('OB1 has each outcome of each operation that the tests drive, and no other', () => {
    const driven = [
      ...drivenOf(CACHE_OUTCOMES).map((row) => ({ channel: 'cache', ...row })),
      ...drivenOf(SESSION_OUTCOMES).map((row) => ({ channel: 'session', ...row })),
    ];
    const told = pairsOf(observing);
    expect(
      new Set(driven.map(({ channel, operation, outcome }) => `${channel} ${operation} ${outcome}`)),
    ).toEqual(new Set(told));
    expect(new Set(told).size).toBe(told.length);
  });

  it('OB1 has each operation, outcome and reason of the types, and the tests drive each', () => {
    const named = (channel: string): Set<string> =>
      new Set(
        pairsOf(observing)
          .filter((pair) => pair.startsWith(`${channel} `))
          .map((pair) => pair.split(' ')[1]!),
      );
    expect(named('cache')).toEqual(unionOf('cache-channel.ts', 'type CacheOperation ='));
    expect(named('session')).toEqual(unionOf('session-channel.ts', 'type SessionOperation ='));
    const outcomes = unionOf('cache-channel.ts', 'type CacheOutcome =');
    for (const outcome of unionOf('session-channel.ts', 'type SessionOutcome =')) outcomes.add(outcome);
    expect(new Set(firstCells(observing, 'outcome').map(wordIn))).toEqual(outcomes);
    expect(new Set(pairsOf(observing).map((pair) => pair.split(' ')[2]))).toEqual(outcomes);
    const reasons = unionOf('cache-channel.ts', 'readonly reason\\?:');
    expect(new Set(wordsIn(/^\| `stale` .*/m.exec(observing)![0].split('`reason`')[1]!))).toEqual(reasons);
    for (const operation of ['getOrSet', 'getOrSetMany'] as const)
      for (const reason of reasons) expect(CACHE_OUTCOMES[operation]).toHaveProperty([`stale ${reason}`]);
  });

  it('OB1 has the order in which the outcomes of many keys count', () => {
    const order = wordsIn(/the first of ([^.]*?) that any/s.exec(observing)![1]!) as Reading['outcome'][];
    expect(new Set(order)).toEqual(
      new Set(
        drivenOf(CACHE_OUTCOMES, ['getOrSet'])
          .map(({ outcome }) => outcome)
          .filter((one) => one !== 'error'),
      ),
    );
    for (const [i, first] of order.entries())
      for (const second of order.slice(i))
        expect(ofMany([{ outcome: second }, { outcome: first }, { outcome: second }]).outcome).toBe(first);
  });

  it('asks for labels, operations and outcomes only that exist', () => {
    const types = ['cache-channel.ts', 'session-channel.ts']
      .map((file) => readFileSync(join(ROOT, 'lib/telemetry', file), 'utf8'))
      .join();
    const words = new Set([...types.matchAll(/(?:\||=) '(\w+)'/g)].map(([, word = '']) => word));
    const errors = Object.keys(library).filter((name) => name.endsWith('Error'));
    const error = new RegExp(`^(?:(?:${errors.join('|')})(?:\\|(?!$)|$))*$`);
    const known = { __name__: /./, job: /^shop$/, error };
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
