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

  /** Nanoseconds for one value. */
  measure: (name, sliceMs) => {
    const sample = SAMPLES[name];
    const started = performance.now();
    let calls = 0;
    let length = 0;
    let now = started;
    while (now - started < sliceMs) {
      for (let i = 0; i < BATCH; i += 1) length += dumps(sample).length;
      calls += BATCH;
      now = performance.now();
    }
    assert.ok(length > 0);
    return ((now - started) / calls) * 1e6;
  },
});
