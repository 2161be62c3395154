import { type CallHandler, type ExecutionContext, HttpException, type NestInterceptor } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { catchError, type Observable, throwError } from 'rxjs';
import { exchangeOf } from '../platform/platforms.js';
import { requestOf } from './request-session.js';

const SERVER_ERROR = 500;

/**
 * GraphQL answers 200 whatever its resolvers threw. The changes of such an operation to its session are not saved, as
 * with an answer of 500 or above; a mutation that was merely refused is one like any other.
 */
const graphqlFailures: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const values = next.handle();
    return context.getType<string>() === 'graphql' && isOfOperation(context)
      ? values.pipe(
          catchError((error: unknown) => {
            if (statusOf(error) >= SERVER_ERROR) noteFailure(context);
            return throwError(() => error);
          }),
        )
      : values;
  },
};

/** Registered only where an application has GraphQL: an interceptor costs each request something. */
export const noteGraphqlFailures = (config: ApplicationConfig, modules: ModulesContainer): void => {
  if ([...modules.values()].some(({ metatype }) => metatype.name === 'GraphQLModule'))
    config.addGlobalInterceptor(graphqlFailures);
};

interface ResolvedField {
  readonly parentType?: object;
  readonly schema?: { getQueryType(): object | undefined; getMutationType(): object | undefined };
}

/** True if this is a query or a mutation itself, and not one of the fields of its result. */
const isOfOperation = (context: ExecutionContext): boolean => {
  // the fourth argument of every resolver
  const { parentType, schema } = context.getArgByIndex<ResolvedField | undefined>(3) ?? {};
  return (
    parentType !== undefined &&
    (parentType === schema?.getQueryType() || parentType === schema?.getMutationType())
  );
};

/** The status that a failure stands for: its own, as Nest or graphql-js have it. */
const statusOf = (error: unknown): number => {
  if (error instanceof HttpException) return error.getStatus();
  const { extensions } = Object(error) as { extensions?: { http?: { status?: unknown } } };
  const status = extensions?.http?.status;
  return typeof status === 'number' ? status : SERVER_ERROR;
};

const noteFailure = (context: ExecutionContext): void => {
  const request = requestOf(context);
  if (request !== undefined) exchangeOf(request)?.noteFailure();
};
