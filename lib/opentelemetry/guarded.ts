import { diag } from '@opentelemetry/api';

/** The logger of this instrumentation, which writes where the application lets OpenTelemetry write. */
export const diagnostics = diag.createComponentLogger({ namespace: 'nestjs-codex-redis' });

/** Observes. If the tracer or the meter throws, that is reported, and the observed call goes on. */
export const guarded = <T>(observe: () => T): T | undefined => {
  try {
    return observe();
  } catch (error) {
    diagnostics.error('an operation was not observed, since the tracer or the meter has thrown', error);
    return undefined;
  }
};
