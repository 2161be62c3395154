import { drawToken } from '../../token.js';
import type { TimeToLive } from '../../time-to-live.js';
import type { RedisLink } from '../link/redis-link.js';
import { asTexts } from './replies.js';
import type { ScriptRunner } from './scripts/script-runner.js';
import { takeTokensScript } from './scripts/tokens.js';
import { asPx } from './set-command.js';

/** The verb for keys with random texts. */
export class Tokens {
  constructor(
    private readonly link: Pick<RedisLink, 'split'>,
    private readonly run: ScriptRunner,
  ) {}

  async take(keys: readonly string[], ttl: TimeToLive): Promise<string[]> {
    const [first] = keys;
    if (first === undefined) return [];
    const groups = this.link.split(keys) ?? [keys.map((_, position) => position)];
    const tokens: string[] = [];
    await Promise.all(
      groups.map(async (positions) => {
        const group = positions.map((position) => keys[position] ?? first) as [string, ...string[]];
        const args = [ttl === null ? '' : asPx(ttl), ...group.map(drawToken)];
        const taken = await this.run(takeTokensScript, group, args, asTexts);
        positions.forEach((position, i) => (tokens[position] = taken[i] ?? ''));
      }),
    );
    return tokens;
  }
}
