import type { KeyValueStore } from '../key-value-store.js';
import type { CompareOutcome, IncrementOutcome } from '../outcomes.js';
import type { HitOutcome, HitRule } from '../rate-limit.js';
import type {
  EndedMembers,
  Enrolment,
  EnrolOutcome,
  Member,
  KnownMember,
  MemberState,
  Selection,
} from '../member-index.js';
import type { MessageListener, Subscription } from '../subscription.js';
import type { TimeToLive } from '../time-to-live.js';
import type {
  Grace,
  KeptKeys,
  KeptOutcome,
  KeptWrite,
  Look,
  LookOptions,
  NotAsTagged,
  Standing,
} from '../kept-entry.js';
import { type EndOptions, type EndOutcome, type Move, type MoveOutcome, traceText } from '../trace.js';
import { closedError } from './link/closed-error.js';
import { Increments } from './commands/increments.js';
import { KeptEntries } from './commands/kept-entries.js';
import { MemberIndexes } from './commands/member-indexes.js';
import { moveAcrossSlots } from './commands/move-across-slots.js';
import type { RedisLink, RedisNode, ReplyParser } from './link/redis-link.js';
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
  compareAndExpireScript,
  compareAndSetScript,
  parseCompareOutcome,
} from './commands/scripts/compare.js';
import { hitScript, parseHitOutcome } from './commands/scripts/hit.js';
import { persistScript, renameScript } from './commands/scripts/move.js';
import { type ScriptRunner, scriptRunner } from './commands/scripts/script-runner.js';
import { servesWritesScript } from './commands/scripts/serves-writes.js';
import { setManyScript } from './commands/scripts/set-many.js';
import {
  endScript,
  moveAwayScript,
  parseEndOutcome,
  parseMoveOutcome,
  setIfUntracedScript,
} from './commands/scripts/trace.js';
import { asPx, setCommand } from './commands/set-command.js';
import { Tokens } from './commands/tokens.js';

/** One SCAN step: small enough that other clients hardly notice it. */
const SCAN_COUNT = '200';

/** From this many characters on, separate SETs are faster than one script that handles every value in Lua. */
const LONG_VALUE = 1024;

/** More in one script would be felt by other clients. */
const MOST_SETS_IN_SCRIPT = 500;

/** The verbs of KeyValueStore as Redis commands and scripts, whatever the topology. */
export class RedisStore implements KeyValueStore {
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #link: RedisLink;
  readonly #runner: ScriptRunner;
  readonly #increments: Increments;
  readonly #kept: KeptEntries;
  readonly #indexes: MemberIndexes;
  readonly #tokens: Tokens;
  #closing = false;

  constructor(link: RedisLink) {
    this.#link = link;
    this.#runner = scriptRunner(link);
    this.#increments = new Increments(link, this.#runner);
    this.#kept = new KeptEntries(this.#run);
    this.#indexes = new MemberIndexes(this.#run);
    this.#tokens = new Tokens(link, this.#run);
  }

  connect(): Promise<void> {
    return this.#link.connect();
  }

  close(): Promise<void> {
    this.#increments.flush();
    this.#closing = true;
    return this.#link.close();
  }

  async ping(): Promise<void> {
    const masters = await this.#masters();
    await Promise.all(masters.map((master) => master.send(['EVAL', servesWritesScript.source, '0'])));
  }

  get(key: string): Promise<string | null> {
    return this.#read(key, ['GET', key], asText);
  }

  async getMany(keys: readonly string[]): Promise<(string | null)[]> {
    const [first] = keys;
    if (first === undefined) return [];
    const groups = this.#link.split(keys);
    if (groups === null) return this.#read(first, ['MGET', ...keys], asTexts);
    const values = new Array<string | null>(keys.length).fill(null);
    await Promise.all(
      groups.map(async (positions) => {
        const group = at(keys, positions);
        const texts = await this.#read(group[0], ['MGET', ...group], asTexts);
        positions.forEach((position, i) => (values[position] = texts[i] ?? null));
      }),
    );
    return values;
  }

  has(key: string): Promise<boolean> {
    return this.#read(key, ['EXISTS', key], asExistence);
  }

  set(key: string, value: string, ttl: TimeToLive): Promise<void> {
    return this.#send(key, setCommand(key, value, ttl), asNothing);
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
    return this.#send(key, setCommand(key, value, ttl, 'NX'), asOk);
  }

  setIfUntraced(key: string, trace: string, value: string, ttl: number): Promise<boolean> {
    return this.#run(setIfUntracedScript, [key, trace], [value, asPx(ttl)], asExistence);
  }

  setIfAbsentOrGet(key: string, value: string, ttl: TimeToLive): Promise<string | null> {
    return this.#send(key, setCommand(key, value, ttl, 'NX', 'GET'), asText);
  }

  compareAndSet(key: string, expected: string, value: string, ttl: TimeToLive): Promise<CompareOutcome> {
    const args = [expected, value, ttl === null ? '' : asPx(ttl)];
    return this.#run(compareAndSetScript, [key], args, parseCompareOutcome);
  }

  compareAndDelete(key: string, expected: string): Promise<CompareOutcome> {
    return this.#run(compareAndDeleteScript, [key], [expected], parseCompareOutcome);
  }

  compareAndExpire(key: string, expected: string, ttl: number): Promise<boolean> {
    return this.#run(compareAndExpireScript, [key], [expected, asPx(ttl)], asExistence);
  }

  moveAway(key: string, trace: string, move: Move): Promise<MoveOutcome> {
    const { expected, successor, keepsValue, mayFork, traceTtl } = move;
    const left = traceText({
      state: 'moved',
      successors: [successor],
      ...(keepsValue && expected !== null && { value: expected }),
    });
    const args = [expected ?? '', left, asPx(traceTtl), mayFork ? successor : ''];
    return this.#run(moveAwayScript, [key, trace], args, parseMoveOutcome);
  }

  end(key: string, trace: string, traceTtl: number, options: EndOptions = {}): Promise<EndOutcome> {
    const { always = false, givesValue = false } = options;
    const args = [asPx(traceTtl), always ? '1' : '', givesValue ? '1' : ''];
    return this.#run(endScript, [key, trace], args, parseEndOutcome);
  }

  enrol(index: string, enrolment: Enrolment): Promise<EnrolOutcome> {
    return this.#indexes.enrol(index, enrolment);
  }

  confirm(index: string, handle: string, ttl: number, gone: readonly string[]): Promise<boolean> {
    return this.#indexes.confirm(index, handle, ttl, gone);
  }

  keepMember(index: string, member: KnownMember, ttl: number): Promise<boolean> {
    return this.#indexes.keep(index, member, ttl);
  }

  endMembers(index: string, selection: Selection): Promise<EndedMembers> {
    return this.#indexes.end(index, selection);
  }

  forgetMembers(index: string, handles: readonly string[], state?: MemberState): Promise<void> {
    return this.#indexes.forget(index, handles, state);
  }

  members(index: string): Promise<readonly Member[]> {
    return this.#indexes.list(index);
  }

  lookUpKept(keys: KeptKeys, options: LookOptions): Promise<Look> {
    return this.#kept.lookUp(keys, options);
  }

  writeKept(keys: KeptKeys, write: KeptWrite): Promise<KeptOutcome> {
    return this.#kept.write(keys, write);
  }

  expireKept(keys: KeptKeys, ttl: TimeToLive, tokens?: string): Promise<boolean | NotAsTagged> {
    return this.#kept.expire(keys, ttl, tokens);
  }

  incrementKept(
    keys: KeptKeys,
    delta: number,
    grace: Grace,
    tokens?: string,
  ): Promise<IncrementOutcome | NotAsTagged> {
    return this.#kept.increment(keys, delta, grace, tokens);
  }

  inspectKept(keys: KeptKeys): Promise<Standing | undefined> {
    return this.#kept.inspect(keys);
  }

  takeTokens(keys: readonly string[], ttl: TimeToLive): Promise<string[]> {
    return this.#tokens.take(keys, ttl);
  }

  async deleteInOrder(first: string, keys: readonly string[]): Promise<void> {
    if (this.#link.split([first, ...keys]) !== null) await this.delete(first);
    await this.deleteMany([first, ...keys]);
  }

  delete(key: string): Promise<boolean> {
    return this.#send(key, ['UNLINK', key], asExistence);
  }

  async deleteMany(keys: readonly string[]): Promise<number> {
    const [first] = keys;
    if (first === undefined) return 0;
    const groups = this.#link.split(keys);
    if (groups === null) return this.#send(first, ['UNLINK', ...keys], asCount);
    const counts = await Promise.all(
      groups.map((positions) => {
        const group = at(keys, positions);
        return this.#send(group[0], ['UNLINK', ...group], asCount);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#increments.add(key, delta);
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    if (ttl === null) return this.#run(persistScript, [key], [], asExistence);
    return this.#send(key, ['PEXPIRE', key, asPx(ttl)], asExistence);
  }

  remaining(key: string): Promise<number | null | undefined> {
    return this.#read(key, ['PTTL', key], asRemaining);
  }

  rename(from: string, to: string, companions?: readonly [string, string]): Promise<boolean> {
    return this.#link.split([from, to]) === null
      ? this.#run(renameScript, [from, to, ...(companions ?? [])], [], asExistence)
      : this.#moveAcrossSlots(from, to, companions);
  }

  async *scan(glob: string): AsyncGenerator<readonly string[]> {
    for (const master of await this.#masters()) {
      let page: Page = { cursor: '0', keys: [] };
      do {
        if (this.#closing) throw closedError();
        page = asPage(await master.send(['SCAN', page.cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT]));
        yield page.keys;
      } while (page.cursor !== '0');
    }
  }

  hit(key: string, { windowMs, limit, blockMs }: HitRule): Promise<HitOutcome> {
    const args = [asPx(windowMs), String(limit), String(Math.max(0, Math.ceil(blockMs)))];
    return this.#run(hitScript, [key], args, parseHitOutcome);
  }

  publish(channel: string, message: string): Promise<void> {
    return this.#send(channel, ['PUBLISH', channel, message], asNothing);
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#link.subscribe(channel, listener);
  }

  #setByScript(entries: readonly (readonly [key: string, value: string])[], ttl: TimeToLive): Promise<void> {
    const keys = entries.map(([key]) => key) as [string, ...string[]];
    const args = [ttl === null ? '' : asPx(ttl), ...entries.map(([, value]) => value)];
    return this.#run(setManyScript, keys, args, asNothing);
  }

  /** As every other verb: increments that were asked for earlier go first. What a verb sends later goes to the link. */
  #send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    this.#increments.flush();
    return this.#link.send(key, args, parse);
  }

  #read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    this.#increments.flush();
    return this.#link.read(key, args, parse);
  }

  readonly #run: ScriptRunner = (script, keys, args, parse) => {
    this.#increments.flush();
    return this.#runner(script, keys, args, parse);
  };

  #moveAcrossSlots(from: string, to: string, companions?: readonly [string, string]): Promise<boolean> {
    this.#increments.flush();
    return moveAcrossSlots(this.#link, this.#runner, from, to, companions);
  }

  #masters(): Promise<readonly RedisNode[]> {
    this.#increments.flush();
    return this.#link.masters();
  }
}

const at = (keys: readonly string[], positions: readonly number[]): [string, ...string[]] =>
  positions.map((position) => keys[position]) as [string, ...string[]];

const chunks = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
