import type {
  CompareOutcome,
  HitOutcome,
  HitRule,
  IncrementOutcome,
  KeyValueStore,
  TimeToLive,
} from '../key-value-store.js';
import { closedError, closedLink } from './link/closed-link.js';
import { Increments } from './commands/increments.js';
import { moveAcrossSlots } from './commands/move-across-slots.js';
import type { RedisLink } from './link/redis-link.js';
import {
  asCount,
  asExistence,
  asNothing,
  asOk,
  asPage,
  asRemaining,
  asText,
  asTexts,
  type Page,
} from './commands/replies.js';
import {
  compareAndDeleteScript,
  compareAndSetScript,
  parseCompareOutcome,
} from './commands/scripts/compare.js';
import { hitScript, parseHitOutcome } from './commands/scripts/hit.js';
import { persistScript, renameScript } from './commands/scripts/move.js';
import { type ScriptRunner, scriptRunner } from './commands/scripts/script-runner.js';
import { setManyScript } from './commands/scripts/set-many.js';
import { setCommand } from './commands/set-command.js';
import { asPx } from './commands/ttl.js';

/** One SCAN step: small enough that other clients hardly notice it. */
const SCAN_COUNT = '200';

/** From this many characters on, separate SETs are faster than one script that handles every value in Lua. */
const LONG_VALUE = 1024;

/** More in one script would be felt by other clients. */
const MOST_SETS_IN_SCRIPT = 500;

/** The verbs of KeyValueStore as Redis commands and scripts, whatever the topology. */
export class RedisStore implements KeyValueStore {
  readonly #runner: ScriptRunner;
  readonly #increments: Increments;
  #closed = false;

  constructor(private readonly link: RedisLink) {
    this.#runner = scriptRunner(link);
    this.#increments = new Increments(link, this.#runner);
  }

  connect(): Promise<void> {
    return this.#link.connect();
  }

  close(): Promise<void> {
    this.#increments.flush();
    this.#closed = true;
    return this.link.close();
  }

  async ping(): Promise<void> {
    const masters = await this.#link.masters();
    await Promise.all(masters.map((master) => master.send(['PING'])));
  }

  get(key: string): Promise<string | null> {
    return this.#link.read(key, ['GET', key], asText);
  }

  async getMany(keys: readonly string[]): Promise<(string | null)[]> {
    const [first] = keys;
    if (first === undefined) return [];
    const groups = this.#link.split(keys);
    if (groups === null) return this.#link.read(first, ['MGET', ...keys], asTexts);
    const values = new Array<string | null>(keys.length).fill(null);
    await Promise.all(
      groups.map(async (positions) => {
        const group = at(keys, positions);
        const texts = await this.#link.read(group[0], ['MGET', ...group], asTexts);
        positions.forEach((position, i) => (values[position] = texts[i] ?? null));
      }),
    );
    return values;
  }

  has(key: string): Promise<boolean> {
    return this.#link.read(key, ['EXISTS', key], asExistence);
  }

  set(key: string, value: string, ttl: TimeToLive): Promise<void> {
    return this.#link.send(key, setCommand(key, value, ttl), asNothing);
  }

  async setMany(entries: readonly (readonly [key: string, value: string])[], ttl: TimeToLive): Promise<void> {
    if (entries.length === 0) return;
    const small = entries.length > 1 && entries.every(([, value]) => value.length < LONG_VALUE);
    if (small && this.#link.split(entries.map(([key]) => key)) === null) {
      await Promise.all(chunks(entries, MOST_SETS_IN_SCRIPT).map((chunk) => this.#setByScript(chunk, ttl)));
    } else {
      await Promise.all(entries.map(([key, value]) => this.set(key, value, ttl)));
    }
  }

  setIfAbsent(key: string, value: string, ttl: TimeToLive): Promise<boolean> {
    return this.#link.send(key, setCommand(key, value, ttl, 'NX'), asOk);
  }

  setIfAbsentOrGet(key: string, value: string, ttl: TimeToLive): Promise<string | null> {
    return this.#link.send(key, setCommand(key, value, ttl, 'NX', 'GET'), asText);
  }

  compareAndSet(key: string, expected: string, value: string, ttl: TimeToLive): Promise<CompareOutcome> {
    const args = [expected, value, ttl === null ? '' : asPx(ttl)];
    return this.#run(compareAndSetScript, [key], args, parseCompareOutcome);
  }

  compareAndDelete(key: string, expected: string): Promise<CompareOutcome> {
    return this.#run(compareAndDeleteScript, [key], [expected], parseCompareOutcome);
  }

  delete(key: string): Promise<boolean> {
    return this.#link.send(key, ['UNLINK', key], asExistence);
  }

  async deleteMany(keys: readonly string[]): Promise<number> {
    const [first] = keys;
    if (first === undefined) return 0;
    const groups = this.#link.split(keys);
    if (groups === null) return this.#link.send(first, ['UNLINK', ...keys], asCount);
    const counts = await Promise.all(
      groups.map((positions) => {
        const group = at(keys, positions);
        return this.#link.send(group[0], ['UNLINK', ...group], asCount);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#closed ? Promise.reject(closedError()) : this.#increments.add(key, delta);
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    if (ttl === null) return this.#run(persistScript, [key], [], asExistence);
    return this.#link.send(key, ['PEXPIRE', key, asPx(ttl)], asExistence);
  }

  remaining(key: string): Promise<number | null | undefined> {
    return this.#link.read(key, ['PTTL', key], asRemaining);
  }

  rename(from: string, to: string): Promise<boolean> {
    return this.#link.split([from, to]) === null
      ? this.#run(renameScript, [from, to], [], asExistence)
      : moveAcrossSlots(this.#link, this.#runner, from, to);
  }

  async *scan(glob: string): AsyncGenerator<readonly string[]> {
    for (const master of await this.#link.masters()) {
      let page: Page = { cursor: '0', keys: [] };
      do {
        if (this.#closed) throw closedError();
        page = asPage(await master.send(['SCAN', page.cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT]));
        yield page.keys;
      } while (page.cursor !== '0');
    }
  }

  hit(key: string, { windowMs, limit, blockMs }: HitRule): Promise<HitOutcome> {
    const args = [asPx(windowMs), String(limit), String(Math.max(0, Math.ceil(blockMs)))];
    return this.#run(hitScript, [key], args, parseHitOutcome);
  }

  #setByScript(entries: readonly (readonly [key: string, value: string])[], ttl: TimeToLive): Promise<void> {
    const keys = entries.map(([key]) => key) as [string, ...string[]];
    const args = [ttl === null ? '' : asPx(ttl), ...entries.map(([, value]) => value)];
    return this.#run(setManyScript, keys, args, asNothing);
  }

  /** The link for a new verb, with every increment asked for earlier on its way; verbs under way keep theirs. */
  get #link(): RedisLink {
    if (this.#closed) return closedLink;
    this.#increments.flush();
    return this.link;
  }

  readonly #run: ScriptRunner = (script, keys, args, parse) => {
    if (this.#closed) return Promise.reject(closedError());
    this.#increments.flush();
    return this.#runner(script, keys, args, parse);
  };
}

const at = (keys: readonly string[], positions: readonly number[]): [string, ...string[]] =>
  positions.map((position) => keys[position]) as [string, ...string[]];

const chunks = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
