import type { RedisLink, RedisNode, ReplyParser } from '../link/redis-link.js';
import type { Increments } from './increments.js';
import type { ScriptRunner } from './scripts/script-runner.js';

/** Sends what a verb begins with in the order of the calls: increments that were asked for earlier go first. */
export class OrderedCommands {
  constructor(
    private readonly link: RedisLink,
    private readonly runner: ScriptRunner,
    private readonly increments: Increments,
  ) {}

  send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    this.increments.flush();
    return this.link.send(key, args, parse);
  }

  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    this.increments.flush();
    return this.link.read(key, args, parse);
  }

  readonly run: ScriptRunner = (script, keys, args, parse) => {
    this.increments.flush();
    return this.runner(script, keys, args, parse);
  };

  masters(): Promise<readonly RedisNode[]> {
    this.increments.flush();
    return this.link.masters();
  }
}
