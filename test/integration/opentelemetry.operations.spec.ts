import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { CodexRedisInstrumentation } from '../../lib/opentelemetry/index.js';
import { type Call, failureOf } from '../support/outcomes/driving.js';
import { driveEveryOutcome, type Outcome } from '../support/outcomes/every-outcome.js';
import { redis } from '../support/stores.js';
import { Traces, traceCommands } from '../support/traces.js';

const OURS = 'nestjs-codex-redis';
const ITEM = 'nestjs_codex_redis';

/** Calls for the sessions of a user that end some of them. */
const ALSO: Readonly<Record<string, string[]>> = { endOne: ['session end'], endOfUser: ['session end'] };

describe('OpenTelemetry: every operation', () => {
  let traces: Traces;
  let instrumentation: CodexRedisInstrumentation;
  let endCommands: () => void;

  beforeAll(() => {
    traces = new Traces();
    instrumentation = new CodexRedisInstrumentation();
    instrumentation.enable();
    endCommands = traceCommands();
  });
  afterAll(async () => {
    endCommands();
    instrumentation.disable();
    await traces.end();
  });

  /** The spans of a call, and how many commands each has as children. */
  const spansOf = async (call: Call): Promise<[string, number][]> => {
    traces.reset();
    await failureOf(call);
    const commands = traces.of('node-redis').filter(({ name }) => name !== 'PING');
    const spans = traces.of(OURS);
    const childrenOf = (span: ReadableSpan): number =>
      commands.filter(({ parentSpanContext }) => parentSpanContext?.spanId === span.spanContext().spanId)
        .length;
    const told = spans.map((span): [string, number] => [span.name, childrenOf(span)]);
    // each command is the child of one span
    expect(told.reduce((sum, [, count]) => sum + count, 0)).toBe(commands.length);
    return told;
  };

  it('OB2 each call is one span, with one more for each session that it ends, and its commands are the children', async () => {
    const seen = new Set<string>();
    await driveEveryOutcome(redis, async ({ channel, operation, outcome, way }, call) => {
      const name = `${channel} ${operation}`;
      // of a session's operation each way has commands of its own: on the index, on a session of an earlier application
      const row = channel === 'session' ? `${name} ${way ?? ''}` : name;
      const isSimple = ['hit', 'done'].includes(outcome) && operation !== 'refresh';
      if (seen.has(row) || !isSimple) {
        await failureOf(call);
        return;
      }
      seen.add(row);
      const spans = await spansOf(call);
      expect(spans.map(([span]) => span)).toEqual([...(ALSO[operation] ?? []), name]);
      expect([name, spans.every(([, commands]) => commands > 0)]).toEqual([name, true]);
    });
    expect(seen.size).toBeGreaterThan(30);
  });

  it('OB2 each operation has a span and a metric with each of its outcomes, and none holds a key or a value', async () => {
    traces.reset();
    const { outcomes, secrets } = await driveEveryOutcome(redis);
    const spans = traces.of(OURS);
    const metrics = await Promise.all(
      ['cache.operation', 'cache.factory', 'session.operation'].map((name) =>
        traces.counts(`${ITEM}.${name}.duration`),
      ),
    );
    const shown = JSON.stringify([
      spans.map(({ name, attributes, events, status, links, resource }) => [
        name,
        attributes,
        events,
        status,
        links.map((link) => link.attributes),
        resource.attributes,
      ]),
      metrics,
    ]);
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    const isMissing = ({ channel, operation, outcome, way }: Outcome): boolean =>
      !spans.some(
        ({ name, attributes, status }) =>
          name === `${channel} ${operation}` &&
          attributes[`${ITEM}.operation.outcome`] === outcome &&
          (outcome !== 'stale' || attributes[`${ITEM}.cache.stale.reason`] === way) &&
          (status.code === SpanStatusCode.ERROR) === (outcome === 'error'),
      );
    expect(outcomes.filter(isMissing)).toEqual([]);
    const [ofCache, , ofSession] = metrics.map((counts) => JSON.stringify(counts));
    const isUnrecorded = ({ channel, operation, outcome }: Outcome): boolean =>
      !(channel === 'cache' ? ofCache : ofSession)!.includes(
        `"${ITEM}.operation.name":"${operation}","${ITEM}.operation.outcome":"${outcome}"`,
      );
    expect(outcomes.filter(isUnrecorded)).toEqual([]);
  });
});
