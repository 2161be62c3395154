import assert from 'node:assert/strict';
import { VALUES, VARIED } from '../core/values.mjs';

const SAMPLES = { ...VALUES, varied: VARIED };

/** How many calls between two looks at the clock. */
const BATCH = 16;

/** @param {{ dumps: (value: unknown) => string }} serializer */
export const createJob = ({ dumps }) => ({
  check: () => {
    for (const sample of Object.values(SAMPLES)) assert.deepEqual(JSON.parse(dumps(sample)), sample);
  },

  /** Nanoseconds of processor time for one value. */
  measure: (name, sliceMs) => {
    const sample = SAMPLES[name];
    const end = performance.now() + sliceMs;
    const before = process.cpuUsage();
    let calls = 0;
    let length = 0;
    // At least once: the process may have had to wait for longer than the slice.
    do {
      for (let i = 0; i < BATCH; i += 1) length += dumps(sample).length;
      calls += BATCH;
    } while (performance.now() < end);
    assert.ok(length > 0);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) / calls) * 1000;
  },
});
