import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RedisSource } from '../../lib/config/settings.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { ProxiedCluster, ProxiedServer, type ProxiedTopology } from '../support/proxied-topologies.js';
import { settle, subscribed, verbs } from '../support/settle.js';

const PAGE = readFileSync(join(process.cwd(), 'docs/topologies.md'), 'utf8');
/** What the page gives the user of the data, and not that of the Sentinels. */
const LINES = PAGE.slice(PAGE.indexOf('An ACL user needs'));
const RULES = [...LINES.matchAll(/^ACL SETUSER shop (.*)$/gm)].flatMap(([, rules = '']) => rules.split(' '));
/** Nothing that a call sends needs these: without them less is checked at start. */
const FOR_CHECKS = ['+info', '+role'];
const COMMANDS = RULES.filter((rule) => /^\+[a-z]/.test(rule) && !FOR_CHECKS.includes(rule));

const TOPOLOGIES: Record<string, () => Promise<ProxiedTopology>> = {
  'one Redis': () => ProxiedServer.start(),
  'a Cluster': () => ProxiedCluster.start(),
};

describe.each(Object.keys(TOPOLOGIES))('a permission that the ACL user lacks on %s', (name) => {
  let topology: ProxiedTopology;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    topology = await TOPOLOGIES[name]!();
  });

  afterAll(() => topology.stop());

  /** What the errors of a start and of every call say to a user with these rules. */
  const errorsWith = async (rules: readonly string[]): Promise<Error[]> => {
    for (const master of topology.masters) {
      await topology.command(master, 'FLUSHALL');
      await topology.command(master, 'ACL', 'DELUSER', 'shop');
      await topology.command(master, 'ACL', 'SETUSER', 'shop', ...rules);
    }
    const store = openRedisStore({
      source: withUser(topology.source),
      clientOptions: {},
      operationTimeoutMs: 1000,
      connectTimeoutMs: 3000,
    });
    const calls = [...verbs(store, 'shop:'), ...verbs(store, 'shop:'), ...rarer(store)];
    const outcomes = [await settle(() => store.connect())];
    if (outcomes[0]!.error === undefined) for (const call of calls) outcomes.push(await settle(call));
    await store.close();
    return outcomes.flatMap(({ error }) => (error === undefined ? [] : [error as Error]));
  };

  it('is none of those that the page gives', async () => {
    expect(await errorsWith(RULES)).toEqual([]);
  });

  it.each(COMMANDS.filter((rule) => name === 'a Cluster' || rule !== '+cluster|slots'))(
    '%s is what each error names',
    async (rule) => {
      const errors = await errorsWith(RULES.filter((each) => each !== rule));

      expect(errors.length).toBeGreaterThan(0);
      for (const { message } of errors) {
        expect(message).toMatch(/the ACL of its user lacks .*docs\/topologies\.md/);
        expect(`${message} `).toContain(`${rule} `);
      }
    },
  );
});

/** Calls that need what a first use of each verb does not. */
const rarer = (store: KeyValueStore): (() => Promise<unknown>)[] => {
  const rule = { windowMs: 60_000, limit: 1, blockMs: 0 };
  const lenient = { ...rule, limit: 2 };
  return [
    () => subscribed(store, 'shop:c'),
    () => store.set('shop:{a}', '9007199254740991', null),
    () => store.incrementIfPresent('shop:{a}', 1),
    () => store.rename('shop:{a}', 'shop:{a}b'),
    () => store.hit('shop:r', lenient),
    () => store.hit('shop:r', { ...lenient, windowMs: 1 }),
    () => store.hit('shop:s', { ...rule, blockMs: 1 }),
    () => store.hit('shop:s', { ...rule, blockMs: 1 }),
    () => pause(5),
    () => store.hit('shop:r', lenient),
    () => store.hit('shop:s', { ...rule, blockMs: 1 }),
  ];
};

const withUser = (source: RedisSource): RedisSource => {
  if (source.kind === 'url') return { kind: 'url', url: source.url.replace('://', '://shop:p%40ssword@') };
  if (source.kind !== 'cluster') throw new Error('This source has no user');
  return { ...source, options: { ...source.options, defaults: { username: 'shop', password: 'p@ssword' } } };
};
