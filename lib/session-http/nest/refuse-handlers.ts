import { type RequestMethod, type Type, VERSION_NEUTRAL, type VersioningOptions } from '@nestjs/common';
import { METHOD_METADATA, MODULE_PATH, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import type { ExcludedRoutes } from '../excluded-routes.js';
import { traitsOf } from './handler-traits.js';
import { type FoundHandler, handlersOf } from './handlers-of.js';

/** @throws ImproperlyConfiguredError for a handler that asks this package for a session, while sessions are off. */
export const refuseHandlersWithoutSessions = (modules: ModulesContainer): void => {
  for (const { owner, name, handler } of handlersOf(modules, ['controllers', 'providers']))
    if (traitsOf(owner, handler).needsSessions)
      throw new ImproperlyConfiguredError(
        `${owner.name}.${name} asks for a session, and sessions are off: set PROJECT_NAME and SECRET_KEY for ` +
          'codexRedisConfig, or give CodexRedisModule.forRoot() session: {} with projectName and secretKey',
      );
};

/** @throws ImproperlyConfiguredError for a handler with a session parameter whose path has no session. */
export const refuseExcludedHandlers = (
  modules: ModulesContainer,
  excluded: ExcludedRoutes,
  config: ApplicationConfig,
): void => {
  const paths = new RoutePathFactory(config);
  for (const found of handlersOf(modules, ['controllers'])) {
    const { module, owner, name, handler } = found;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined || !traitsOf(owner, handler).hasParameter) continue;
    const served = pathsOf({ ...found, modulePath: modulePathOf(module, modules) }, paths, config, method);
    const path = served.find((each) => excluded.covers(each, method));
    if (path !== undefined)
      throw new ImproperlyConfiguredError(
        `${owner.name}.${name} has a session parameter, and its path ${path} is one of session.exclude: take the path ` +
          'out of there, or the session out of the handler',
      );
  }
};

const pathsOf = (
  { modulePath, owner, handler }: FoundHandler & { readonly modulePath: string },
  paths: RoutePathFactory,
  config: ApplicationConfig,
  method: RequestMethod,
): string[] => {
  const versioningOptions = config.getVersioning();
  const version = versionOf(handler) ?? versionOf(owner) ?? versioningOptions?.defaultVersion;
  return paths.create(
    {
      ctrlPath: Reflect.getMetadata(PATH_METADATA, owner) as string,
      methodPath: Reflect.getMetadata(PATH_METADATA, handler) as string,
      globalPrefix: config.getGlobalPrefix(),
      modulePath,
      controllerVersion: version ?? VERSION_NEUTRAL,
      ...(versioningOptions !== undefined && { versioningOptions }),
    },
    method,
  );
};

const versionOf = (target: object): VersioningOptions['defaultVersion'] =>
  Reflect.getMetadata(VERSION_METADATA, target) as VersioningOptions['defaultVersion'];

/** RouterModule notes it for one application, since another one in the process may have the same module elsewhere. */
const modulePathOf = (module: Type, { applicationId }: ModulesContainer): string => {
  const path: unknown =
    Reflect.getMetadata(MODULE_PATH + applicationId, module) ?? Reflect.getMetadata(MODULE_PATH, module);
  return typeof path === 'string' ? path : '';
};
