import type { TimeToLive } from '../../time-to-live.js';
import type { RedisLink } from '../link/redis-link.js';
import type { OrderedCommands } from './ordered-commands.js';
import { asCount, asNothing, asTexts } from './replies.js';
import { setManyScript } from './scripts/set-many.js';
import { asPx, setCommand } from './set-command.js';

type Pairs = readonly (readonly [key: string, value: string])[];

/** From this many characters on, separate SETs are faster than one script that handles every value in Lua. */
const LONG_VALUE = 1024;

/** More in one script would be felt by other clients. */
const MOST_SETS_IN_SCRIPT = 500;

/** The verbs for many keys at once, each one command or script where the keys may share it. */
export class ManyKeys {
  constructor(
    private readonly link: Pick<RedisLink, 'split'>,
    private readonly commands: OrderedCommands,
  ) {}

  async get(keys: readonly string[]): Promise<(string | null)[]> {
    const [first] = keys;
    if (first === undefined) return [];
    const groups = this.link.split(keys);
    if (groups === null) return this.commands.read(first, ['MGET', ...keys], asTexts);
    const values = new Array<string | null>(keys.length).fill(null);
    await Promise.all(
      groups.map(async (positions) => {
        const group = at(keys, positions);
        const texts = await this.commands.read(group[0], ['MGET', ...group], asTexts);
        positions.forEach((position, i) => (values[position] = texts[i] ?? null));
      }),
    );
    return values;
  }

  async set(entries: Pairs, ttl: TimeToLive): Promise<void> {
    if (entries.length === 0) return;
    const small = entries.length > 1 && entries.every(([, value]) => value.length < LONG_VALUE);
    if (small && this.link.split(entries.map(([key]) => key)) === null) {
      await Promise.all(chunks(entries, MOST_SETS_IN_SCRIPT).map((chunk) => this.#setByScript(chunk, ttl)));
    } else {
      await Promise.all(
        entries.map(([key, value]) => this.commands.send(key, setCommand(key, value, ttl), asNothing)),
      );
    }
  }

  async delete(keys: readonly string[]): Promise<number> {
    const [first] = keys;
    if (first === undefined) return 0;
    const groups = this.link.split(keys);
    if (groups === null) return this.commands.send(first, ['UNLINK', ...keys], asCount);
    const counts = await Promise.all(
      groups.map((positions) => {
        const group = at(keys, positions);
        return this.commands.send(group[0], ['UNLINK', ...group], asCount);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #setByScript(entries: Pairs, ttl: TimeToLive): Promise<void> {
    const keys = entries.map(([key]) => key) as [string, ...string[]];
    const args = [ttl === null ? '' : asPx(ttl), ...entries.map(([, value]) => value)];
    return this.commands.run(setManyScript, keys, args, asNothing);
  }
}

const at = (keys: readonly string[], positions: readonly number[]): [string, ...string[]] =>
  positions.map((position) => keys[position]) as [string, ...string[]];

const chunks = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
