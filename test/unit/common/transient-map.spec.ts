import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TransientMap } from '../../../lib/common/transient-map.js';

const ENTRIES = 20_000;
const BYTES = 256;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
const collectYoung = (): void => collect({ type: 'minor' });

const oldSpaceUsed = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;

describe('TransientMap', () => {
  it('holds what a Map holds', () => {
    const step = fc.tuple(fc.constantFrom('set', 'delete'), fc.integer({ min: 0, max: 99 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 500, maxLength: 500 }), (steps) => {
        const map = new TransientMap<number, number>();
        const model = new Map<number, number>();
        for (const [index, [what, key]] of steps.entries()) {
          if (what === 'set') {
            map.set(key, index);
            model.set(key, index);
          } else {
            map.delete(key);
            model.delete(key);
          }
          if (map.size !== model.size || map.get(key) !== model.get(key)) return false;
          if (map.has(key) !== model.has(key)) return false;
        }
        return isDeepStrictEqual([...map.keys()], [...model.keys()]);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps nothing it held from a collection of young objects, however old it is', () => {
    const map = new TransientMap<number, object>();
    map.set(-1, {});
    collectYoung();
    collectYoung();
    const before = oldSpaceUsed();
    for (let entry = 0; entry < ENTRIES; entry++) {
      map.set(entry, new Array<number>(BYTES / 8).fill(entry));
      map.delete(entry - 32);
      if (entry % 1000 === 0) collectYoung();
    }
    expect(oldSpaceUsed() - before).toBeLessThan((ENTRIES * BYTES) / 10);
  });
});
