import { type EndOptions, type EndOutcome, type Move, type MoveOutcome, traceText } from '../../trace.js';
import { asExistence } from './replies.js';
import type { ScriptRunner } from './scripts/script-runner.js';
import {
  endScript,
  moveAwayScript,
  parseEndOutcome,
  parseMoveOutcome,
  setIfUntracedScript,
} from './scripts/trace.js';
import { asPx } from './set-command.js';

/** The verbs for entries that leave a trace when they are moved or ended, each one script. */
export class TracedEntries {
  constructor(private readonly run: ScriptRunner) {}

  insert(key: string, trace: string, value: string, ttl: number): Promise<boolean> {
    return this.run(setIfUntracedScript, [key, trace], [value, asPx(ttl)], asExistence);
  }

  moveAway(key: string, trace: string, move: Move): Promise<MoveOutcome> {
    const { expected, successor, keepsValue, mayFork, traceTtl } = move;
    const left = traceText({
      state: 'moved',
      successors: [successor],
      ...(keepsValue && expected !== null && { value: expected }),
    });
    const args = [expected ?? '', left, asPx(traceTtl), mayFork ? successor : ''];
    return this.run(moveAwayScript, [key, trace], args, parseMoveOutcome);
  }

  end(key: string, trace: string, traceTtl: number, options: EndOptions = {}): Promise<EndOutcome> {
    const { always = false, givesValue = false } = options;
    const args = [asPx(traceTtl), always ? '1' : '', givesValue ? '1' : ''];
    return this.run(endScript, [key, trace], args, parseEndOutcome);
  }
}
