import type { MiddlewareConsumer } from '@nestjs/common';
import type { AbstractHttpAdapter, ModulesContainer } from '@nestjs/core';
import { refusalOfForeign } from '../platform/foreign-sessions.js';

type Configure = (consumer: MiddlewareConsumer) => unknown;

interface ConfiguringModule {
  configure?: Configure;
}

/**
 * Refuses express-session and cookie-session where a module applies them: `consumer.apply()` hides them in a function of Nest's. Adapters are
 * initialized when every module has been made, and none has been asked for its middleware.
 */
export const refuseForeignConsumers = (adapter: AbstractHttpAdapter, modules: ModulesContainer): void => {
  const watched = new WeakSet();
  const init = adapter.init.bind(adapter);
  adapter.init = async () => {
    for (const { instance } of modules.values() as Iterable<{ instance: ConfiguringModule | undefined }>) {
      const configure = instance?.configure;
      if (instance === undefined || configure === undefined || watched.has(instance)) continue;
      watched.add(instance);
      instance.configure = (consumer) => {
        refuseIn(consumer);
        return configure.call(instance, consumer);
      };
    }
    await init();
  };
};

const refuseIn = (consumer: MiddlewareConsumer): void => {
  const apply = consumer.apply.bind(consumer);
  consumer.apply = (...middleware) => {
    const refusal = refusalOfForeign(middleware);
    if (refusal !== undefined) throw refusal;
    return apply(...middleware);
  };
};

/** @throws ImproperlyConfiguredError where a class has express-session or cookie-session as its `use`. */
export const refuseForeignMiddleware = (modules: ModulesContainer): void => {
  for (const { middlewares } of modules.values())
    for (const { instance } of middlewares.values()) {
      const refusal = refusalOfForeign((instance as { use?: unknown } | undefined)?.use);
      if (refusal !== undefined) throw refusal;
    }
};
