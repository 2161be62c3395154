import { closedError } from '../link/closed-error.js';
import type { RedisNode } from '../link/redis-link.js';
import { asPage, type Page } from './replies.js';

/** One SCAN step: small enough that other clients hardly notice it. */
const SCAN_COUNT = '200';

/**
 * The keys of these servers that match a glob, a page at a time.
 *
 * @throws RedisConnectionError once `isClosed` says so
 */
export async function* scan(
  masters: readonly RedisNode[],
  glob: string,
  isClosed: () => boolean,
): AsyncGenerator<readonly string[]> {
  for (const master of masters) {
    let page: Page = { cursor: '0', keys: [] };
    do {
      if (isClosed()) throw closedError();
      page = asPage(await master.send(['SCAN', page.cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT]));
      yield page.keys;
    } while (page.cursor !== '0');
  }
}
