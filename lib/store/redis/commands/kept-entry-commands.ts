import { createHash } from 'node:crypto';
import {
  drawNonce,
  type Grace,
  type KeptKeys,
  type KeptOutcome,
  type KeptWrite,
  type Look,
  type LookOptions,
  type NotAsTagged,
  type Over,
  type Standing,
} from '../../kept-entry.js';
import type { IncrementOutcome } from '../../outcomes.js';
import type { TimeToLive } from '../../time-to-live.js';
import {
  ANY_NONCE,
  expireKeptScript,
  incrementKeptScript,
  lookUpScript,
  parseExpiry,
  parseKeptIncrement,
  parseKeptOutcome,
  parseLook,
  writeKeptScript,
} from './scripts/kept.js';
import type { ScriptRunner } from './scripts/script-runner.js';
import { inspectScript, parseStanding } from './scripts/tokens.js';
import { asPx } from './set-command.js';

/** The verbs for entries with companions, each one script on the slot of the entry. */
export class KeptEntryCommands {
  constructor(private readonly run: ScriptRunner) {}

  lookUp(keys: KeptKeys, { grace, lastsMs, ahead, claim }: LookOptions): Promise<Look> {
    const due = ahead === undefined ? ['', ''] : [String(ahead.part), px(ahead.ttl)];
    const claimed = claim === undefined ? [] : [claim.token, asPx(claim.ms)];
    const args = [asPx(lastsMs), ...due, graceText(grace), ...claimed];
    return this.run(lookUpScript, keysOf(keys), args, parseLook);
  }

  write(keys: KeptKeys, { value, ttl, grace, over, run, tokens = '' }: KeptWrite): Promise<KeptOutcome> {
    const kept = value === null ? '1' : '';
    const expected = [over.kind, expectedText(over, value === null), expectedNonce(over)];
    const args = [...expected, value ?? '', kept, px(ttl), graceText(grace), drawNonce()];
    if (keys.tokens !== undefined) args.push(run ?? '', tokens);
    else if (run !== undefined) args.push(run);
    return this.run(writeKeptScript, keysOf(keys), args, parseKeptOutcome);
  }

  expire(keys: KeptKeys, ttl: TimeToLive, tokens = ''): Promise<boolean | NotAsTagged> {
    return this.run(expireKeptScript, keysOf(keys), [px(ttl), ...named(keys, tokens)], parseExpiry);
  }

  increment(
    keys: KeptKeys,
    delta: number,
    grace: Grace,
    tokens = '',
  ): Promise<IncrementOutcome | NotAsTagged> {
    const args = [String(delta), graceText(grace), drawNonce(), ...named(keys, tokens)];
    return this.run(incrementKeptScript, keysOf(keys), args, parseKeptIncrement);
  }

  inspect({ entry, grace, tokens = grace }: KeptKeys): Promise<Standing | undefined> {
    return this.run(inspectScript, [entry, tokens], [], parseStanding);
  }
}

/** Companions that a cache does not have are left out. */
const keysOf = ({ entry, grace, lease, tokens }: KeptKeys): [string, ...string[]] =>
  [entry, grace, lease, tokens].filter((key) => key !== undefined) as [string, ...string[]];

const named = (keys: KeptKeys, tokens: string): string[] => (keys.tokens === undefined ? [] : [tokens]);

const px = (ttl: TimeToLive): string => (ttl === null ? '' : asPx(ttl));

const graceText = (grace: Grace): string => (grace === null ? '' : String(Math.ceil(grace)));

/** A text that is kept is not sent, also not to be compared. */
const expectedText = (over: Over, isKept: boolean): string => {
  // a companion has a nonce, so its text is enough
  if (over.kind === 'dead') return over.tokens === '' ? over.text : '';
  if (over.kind !== 'standing') return '';
  return isKept ? createHash('sha1').update(over.text).digest('hex') : over.text;
};

const expectedNonce = (over: Over): string => {
  if (over.kind === 'stale') return over.nonce;
  if (over.kind === 'dead') return over.tokens;
  return over.kind === 'standing' ? (over.nonce ?? ANY_NONCE) : '';
};
