import { ignore } from '../../../common/ignore.js';
import type { Dial, DialledClient } from './dial.js';
import { Reconnection } from './reconnection.js';

/**
 * As `start()`, with further attempts beside the first for as long as that stays silent: what it has sent may be lost,
 * and then only a fresh one notices soon that the server is there again.
 */
export const insistentDial = (start: () => Dial): Dial => {
  const first = start();
  let next = (): Dial => {
    next = start;
    return first;
  };
  let stop: () => void = ignore;
  const anyOpened = new Promise<DialledClient>((onOpen) => {
    const reconnection = new Reconnection({ start: () => next(), onOpen, hurry: true });
    stop = () => reconnection.stop();
  });
  const unlessFailed = first.opened.then(() => anyOpened);
  return { opened: Promise.race([anyOpened, unlessFailed]).finally(stop), abandon: stop };
};
