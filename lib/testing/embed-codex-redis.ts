import type { TestingModuleBuilder } from '@nestjs/testing';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { StoreOpener } from '../store/stores.js';
import { CLOCK, STORE_OPENER } from '../tokens/internal-tokens.js';
import { Faults } from './faults.js';
import { importsCodexRedis } from './imports-codex-redis.js';
import { TestClock } from './test-clock.js';

/** A test's control of a module on the embedded store. */
export interface EmbeddedCodexRedis {
  /** Moves the time of every cache and session. */
  readonly clock: TestClock;
  /** Makes the next operations fail or wait. */
  readonly faults: Faults;
}

/**
 * Puts every cache and all sessions of a module under test on its own embedded stores, whatever its options say: `const
 * { clock, faults } = embedCodexRedis(builder)`, before `builder.compile()`.
 *
 * @throws Error after `compile()`, and if no module of the builder imports CodexRedisModule
 */
export const embedCodexRedis = (
  builder: TestingModuleBuilder,
  clock = new TestClock(),
): EmbeddedCodexRedis => {
  refuseWhatHasNoEffect(builder);
  const faults = new Faults();
  const open: StoreOpener = ({ source }, storeClock) => {
    const maxEntries = source.kind === 'memory' ? source.maxEntries : undefined;
    return Promise.resolve(faults.wrap(new MemoryStore({ clock: storeClock, maxEntries })));
  };
  builder.overrideProvider(CLOCK).useValue(clock).overrideProvider(STORE_OPENER).useValue(open);
  return { clock, faults };
};

/** The fields of Nest's builder under test that are read here. */
interface BuilderState {
  readonly module?: object;
  readonly container?: { getModules(): ReadonlyMap<string, unknown> };
  readonly moduleOverloadsMap?: ReadonlyMap<object, object>;
}

const refuseWhatHasNoEffect = (builder: TestingModuleBuilder): void => {
  const { module, container, moduleOverloadsMap } = builder as unknown as BuilderState;
  if ((container?.getModules().size ?? 0) > 0)
    throw new Error('embedCodexRedis(builder) comes too late: call it before builder.compile()');
  if (module !== undefined && !importsCodexRedis(module, moduleOverloadsMap))
    throw new Error(
      'embedCodexRedis(builder) has nothing to embed: none of the modules under test imports CodexRedisModule',
    );
};
