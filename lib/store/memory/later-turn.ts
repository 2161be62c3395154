import { MessageChannel, type MessagePort } from 'node:worker_threads';

let sender: MessagePort | undefined;
let receiver: MessagePort | undefined;
let waiting: (() => void)[] = [];

const run = (): void => {
  const due = waiting;
  waiting = [];
  // an idle port must not keep the process alive
  receiver?.unref();
  for (const resume of due) resume();
};

/**
 * Resolves in a later turn of the event loop, in the order of the calls. A message does that also while a test framework
 * fakes the timers, `setImmediate` among them.
 */
export const laterTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (receiver === undefined) {
      const { port1, port2 } = new MessageChannel();
      sender = port1;
      receiver = port2.on('message', run);
      sender.unref();
    }
    if (waiting.push(resolve) > 1) return;
    receiver.ref();
    sender?.postMessage(null);
  });
