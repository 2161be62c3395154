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
import type { EndOptions, EndOutcome, Move, MoveOutcome } from '../trace.js';
import { Increments } from './commands/increments.js';
import { KeptEntryCommands } from './commands/kept-entry-commands.js';
import { MemberIndexes } from './commands/member-indexes.js';
import { ManyKeys } from './commands/many-keys.js';
import { moveAcrossSlots } from './commands/move-across-slots.js';
import { OrderedCommands } from './commands/ordered-commands.js';
import type { RedisLink } from './link/redis-link.js';
import { asExistence, asNothing, asOk, asRemaining, asText } from './commands/replies.js';
import { scan } from './commands/scan.js';
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
import { asPx, setCommand } from './commands/set-command.js';
import { Tokens } from './commands/tokens.js';
import { TracedEntries } from './commands/traced-entries.js';

/** The verbs of KeyValueStore as Redis commands and scripts, whatever the topology. */
export class RedisStore implements KeyValueStore {
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #link: RedisLink;
  readonly #runner: ScriptRunner;
  readonly #increments: Increments;
  readonly #commands: OrderedCommands;
  readonly #many: ManyKeys;
  readonly #traced: TracedEntries;
  readonly #kept: KeptEntryCommands;
  readonly #indexes: MemberIndexes;
  readonly #tokens: Tokens;
  #closing = false;

  constructor(link: RedisLink) {
    this.#link = link;
    this.#runner = scriptRunner(link);
    this.#increments = new Increments(link, this.#runner);
    this.#commands = new OrderedCommands(link, this.#runner, this.#increments);
    const { run } = this.#commands;
    this.#many = new ManyKeys(link, this.#commands);
    this.#traced = new TracedEntries(run);
    this.#kept = new KeptEntryCommands(run);
    this.#indexes = new MemberIndexes(run);
    this.#tokens = new Tokens(link, run);
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
    const masters = await this.#commands.masters();
    await Promise.all(masters.map((master) => master.send(['EVAL', servesWritesScript.source, '0'])));
  }

  get(key: string): Promise<string | null> {
    return this.#commands.read(key, ['GET', key], asText);
  }

  getMany(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#many.get(keys);
  }

  has(key: string): Promise<boolean> {
    return this.#commands.read(key, ['EXISTS', key], asExistence);
  }

  set(key: string, value: string, ttl: TimeToLive): Promise<void> {
    return this.#commands.send(key, setCommand(key, value, ttl), asNothing);
  }

  setMany(entries: readonly (readonly [key: string, value: string])[], ttl: TimeToLive): Promise<void> {
    return this.#many.set(entries, ttl);
  }

  setIfAbsent(key: string, value: string, ttl: TimeToLive): Promise<boolean> {
    return this.#commands.send(key, setCommand(key, value, ttl, 'NX'), asOk);
  }

  setIfUntraced(key: string, trace: string, value: string, ttl: number): Promise<boolean> {
    return this.#traced.insert(key, trace, value, ttl);
  }

  setIfAbsentOrGet(key: string, value: string, ttl: TimeToLive): Promise<string | null> {
    return this.#commands.send(key, setCommand(key, value, ttl, 'NX', 'GET'), asText);
  }

  compareAndSet(key: string, expected: string, value: string, ttl: TimeToLive): Promise<CompareOutcome> {
    const args = [expected, value, ttl === null ? '' : asPx(ttl)];
    return this.#commands.run(compareAndSetScript, [key], args, parseCompareOutcome);
  }

  compareAndDelete(key: string, expected: string): Promise<CompareOutcome> {
    return this.#commands.run(compareAndDeleteScript, [key], [expected], parseCompareOutcome);
  }

  compareAndExpire(key: string, expected: string, ttl: number): Promise<boolean> {
    return this.#commands.run(compareAndExpireScript, [key], [expected, asPx(ttl)], asExistence);
  }

  moveAway(key: string, trace: string, move: Move): Promise<MoveOutcome> {
    return this.#traced.moveAway(key, trace, move);
  }

  end(key: string, trace: string, traceTtl: number, options?: EndOptions): Promise<EndOutcome> {
    return this.#traced.end(key, trace, traceTtl, options);
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
    return this.#commands.send(key, ['UNLINK', key], asExistence);
  }

  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#many.delete(keys);
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#increments.add(key, delta);
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    if (ttl === null) return this.#commands.run(persistScript, [key], [], asExistence);
    return this.#commands.send(key, ['PEXPIRE', key, asPx(ttl)], asExistence);
  }

  remaining(key: string): Promise<number | null | undefined> {
    return this.#commands.read(key, ['PTTL', key], asRemaining);
  }

  rename(from: string, to: string, companions?: readonly [string, string]): Promise<boolean> {
    return this.#link.split([from, to]) === null
      ? this.#commands.run(renameScript, [from, to, ...(companions ?? [])], [], asExistence)
      : this.#moveAcrossSlots(from, to, companions);
  }

  async *scan(glob: string): AsyncGenerator<readonly string[]> {
    yield* scan(await this.#commands.masters(), glob, () => this.#closing);
  }

  hit(key: string, { windowMs, limit, blockMs }: HitRule): Promise<HitOutcome> {
    const args = [asPx(windowMs), String(limit), String(Math.max(0, Math.ceil(blockMs)))];
    return this.#commands.run(hitScript, [key], args, parseHitOutcome);
  }

  publish(channel: string, message: string): Promise<void> {
    return this.#commands.send(channel, ['PUBLISH', channel, message], asNothing);
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#link.subscribe(channel, listener);
  }

  #moveAcrossSlots(from: string, to: string, companions?: readonly [string, string]): Promise<boolean> {
    this.#increments.flush();
    return moveAcrossSlots(this.#link, this.#runner, from, to, companions);
  }
}
