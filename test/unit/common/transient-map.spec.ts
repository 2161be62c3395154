import fc from 'fast-check';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { TransientMap } from '../../../lib/common/transient-map.js';

const ENTRIES = 20_000;
const BYTES = 256;

type Step = readonly ['set' | 'delete' | 'drain', number];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
const collectYoung = (): void => collect({ type: 'minor' });

const oldSpaceUsed = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0;

describe('TransientMap', () => {
  it('holds what a Map holds', () => {
    const key = fc.integer({ min: 0, max: 99 });
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 50, arbitrary: fc.tuple(fc.constant('set' as const), key) },
      { weight: 50, arbitrary: fc.tuple(fc.constant('delete' as const), key) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('drain' as const), key) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 500, maxLength: 500 }), (steps) => {
        const map = new TransientMap<number, number>();
        const model = new Map<number, number>();
        for (const [index, [what, name]] of steps.entries()) {
          if (what === 'drain') {
            if (!isDeepStrictEqual(map.drain(), [...model.keys()])) return false;
            model.clear();
          } else if (what === 'set') {
            map.set(name, index);
            model.set(name, index);
          } else {
            map.delete(name);
            model.delete(name);
          }
          if (map.size !== model.size || map.get(name) !== model.get(name)) return false;
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
    for (let entry = 0; entry < ENTRIES; entry += 1) {
      map.set(entry, new Array<number>(BYTES / 8).fill(entry));
      map.delete(entry - 32);
      if (entry % 1000 === 0) collectYoung();
    }
    expect(oldSpaceUsed() - before).toBeLessThan((ENTRIES * BYTES) / 10);
  });
});
