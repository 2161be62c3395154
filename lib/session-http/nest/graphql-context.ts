import type { ModulesContainer } from '@nestjs/core';
import { HttpMappedError } from '../../errors/http-mapped.error.js';
import { withPublicMessage } from '../failed-requests.js';
import { logFailureOnce } from '../platform/platforms.js';

type MakeContext = (...args: readonly unknown[]) => unknown;

interface GraphqlModule {
  options?: { readonly context?: unknown };
}

/**
 * A function that makes the context of GraphQL operations is called before any filter of Nest. Apollo sends the message
 * of what it throws, which is for the log, with a 500.
 *
 * To be called before the modules start: they hand their options to the server then.
 */
export const publishContextFailures = (modules: ModulesContainer): void => {
  for (const { metatype, instance } of modules.values()) {
    if (metatype.name !== 'GraphQLModule') continue;
    const graphql = instance as GraphqlModule;
    const { context } = graphql.options ?? {};
    if (typeof context === 'function')
      graphql.options = { ...graphql.options, context: publishing(context as MakeContext) };
  }
};

const publishing =
  (makeContext: MakeContext): MakeContext =>
  async (...args) => {
    try {
      return await makeContext(...args);
    } catch (error) {
      throw error instanceof HttpMappedError ? published(error, args[0]) : error;
    }
  };

const published = (error: HttpMappedError, first: unknown): HttpMappedError => {
  logFailureOnce(requestIn(first), error);
  const http = { status: error.getStatus() };
  return Object.create(withPublicMessage(error), {
    // Apollo takes `http` out
    extensions: { value: { ...error.extensions, http } },
  }) as HttpMappedError;
};

/** @param first Fastify's request, or an object with Express's as `req` */
const requestIn = (first: unknown): object => {
  const { req = Object(first) as object } = Object(first) as { req?: object };
  return req;
};
