import { CacheService } from '../../lib/cache/cache.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { ERROR_NAMES } from '../../lib/errors/error-names.js';
import { CodexRedisInstrumentation } from '../../lib/opentelemetry/index.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { failingAs } from '../support/failing.js';
import { Traces } from '../support/traces.js';

const OURS = 'nestjs-codex-redis';
const KEY_GROUP = 'nestjs_codex_redis.cache.key_group';
const ERROR_TYPE = 'error.type';
const DURATION = 'nestjs_codex_redis.cache.operation.duration';

// which groups and errors are told apart is remembered for the whole process, so these have a file of their own
describe('OpenTelemetry: labels', () => {
  const traces = new Traces();
  const instrumentation = new CodexRedisInstrumentation();
  const store = new MemoryStore();
  const settings = { place: 'cache.', keyPrefix: 'labels', timeoutMs: 60_000, version: 1 };
  const keyGroup = (key: string): string | undefined => key.split(':')[0];
  const cache = new CacheService(store, { ...settings, keyGroup }, new JsonSerializer(), systemClock);

  beforeAll(() => instrumentation.enable());
  afterAll(async () => {
    instrumentation.disable();
    await store.close();
    await traces.end();
  });

  /** The values of an attribute of all spans, and those of all metrics. */
  const valuesOf = async (attribute: string): Promise<[string, Set<unknown>][]> => {
    const inMetrics = (await traces.counts(DURATION)).map(({ attributes }): unknown =>
      Reflect.get(attributes, attribute),
    );
    const inSpans = traces.of(OURS).map(({ attributes }) => attributes[attribute]);
    return [
      ['spans', new Set(inSpans)],
      ['metrics', new Set(inMetrics)],
    ];
  };

  it('OB2 spans and metrics tell 100 key groups apart, and further ones are other', async () => {
    for (let i = 0; i < 150; i++) await cache.has(`group${i}:1`);
    for (const [where, values] of await valuesOf(KEY_GROUP)) {
      const groups = [...values].filter((group) => /^group\d+$/.test(String(group)));
      expect([where, groups.length]).toEqual([where, 100]);
      expect([where, values.has('other')]).toEqual([where, true]);
    }
  });

  it('OB2 spans and metrics tell 100 errors of others apart, and each error of the module', async () => {
    const fail = (name: string): Promise<unknown> =>
      cache.getOrSet('group0:k', failingAs(name)).catch(() => undefined);
    for (let i = 0; i < 150; i++) await fail(`Upstream${i}Error`);
    for (const name of ERROR_NAMES) await fail(name);
    for (const [where, values] of await valuesOf(ERROR_TYPE)) {
      const upstream = [...values].filter((name) => /^Upstream\d+Error$/.test(String(name)));
      expect([where, upstream.length]).toEqual([where, 100]);
      expect([where, values.has('other')]).toEqual([where, true]);
      expect([where, [...ERROR_NAMES].filter((name) => !values.has(name))]).toEqual([where, []]);
    }
  });
});
