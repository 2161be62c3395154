import { Logger } from '@nestjs/common';
import type { RedisSource } from '../../lib/config/settings.js';
import { CountingCallers } from './counting-callers.js';
import { openSource } from './stores.js';

/* A process whose callers count on several topologies at once, as the test tells it. */

/** What the test tells this process; it answers each when it is done. */
export type CountingOrder = 'haveWritten' | 'faultBegins' | 'faultIsOver' | 'end';

/** What became of the calls on one topology. */
export interface CountingReport {
  readonly lies: readonly string[];
  readonly untyped: readonly string[];
  readonly late: readonly string[];
  readonly failures: readonly string[];
}

const { sources, callers, deadlineMs } = JSON.parse(process.env['COUNTING']!) as {
  readonly sources: readonly RedisSource[];
  readonly callers: number;
  readonly deadlineMs: number;
};

Logger.overrideLogger(false);
const stores = sources.map((source) => openSource(source, deadlineMs));
await Promise.all(stores.map((store) => store.connect()));
const counting = stores.map((store) => new CountingCallers(store, callers));

const onAll = <T>(work: (each: CountingCallers) => T | Promise<T>): Promise<T[]> =>
  Promise.all(counting.map(work));

const texts = (errors: readonly unknown[]): string[] => errors.map(String);

const end = async (): Promise<CountingReport[]> => {
  const reports = await onAll(async (each) => {
    const { lies, untyped, late } = await each.end();
    return { lies, untyped: texts(untyped), late: texts(late), failures: texts(each.failures) };
  });
  await Promise.all(stores.map((store) => store.close()));
  return reports;
};

const orders: Record<CountingOrder, () => Promise<unknown>> = {
  haveWritten: () => onAll((each) => each.haveWritten()),
  faultBegins: () => onAll((each) => each.faultBegins()),
  faultIsOver: () => onAll((each) => each.faultIsOver()),
  end,
};

process.on('message', (order: CountingOrder) => {
  void orders[order]().then((done) => process.send!(done));
});
process.send!('ready');
