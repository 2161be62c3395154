import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { classesOf, methodsOf } from '../nest/handlers-of.js';
import { sessionUseOf } from '../nest/session-use.decorator.js';

/** The metadata keys of Nest's `@WebSocketGateway()`; its package is installed only if an application has gateways. */
const IS_GATEWAY = 'websockets:is_gateway';
const PORT = 'port';
const OPTIONS = 'websockets:gateway_options';

/** The name of a gateway's server. */
export interface GatewayServer {
  readonly path?: string | RegExp;
  readonly namespace?: string | RegExp;
}

/** The servers of the gateways that are marked with `@UseSession()`, on the class or on a handler. */
export const serversWithSessions = (modules: ModulesContainer): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { owner } of classesOf(modules, ['providers']))
    if (Reflect.hasMetadata(IS_GATEWAY, owner) && usesSession(owner))
      names.add(
        serverName(
          Reflect.getMetadata(PORT, owner) as number,
          Reflect.getMetadata(OPTIONS, owner) as GatewayServer | undefined,
        ),
      );
  return names;
};

/** A gateway that only has its sockets closed has no handler. */
const usesSession = (gateway: Type): boolean =>
  sessionUseOf(gateway, gateway) === 'use' ||
  [...methodsOf(gateway)].some(([, handler]) => sessionUseOf(gateway, handler) === 'use');

/** As Nest tells servers apart. */
export const serverName = (port: number, { path, namespace }: GatewayServer = {}): string =>
  JSON.stringify([port, String(path ?? ''), String(namespace ?? '').replace(/^\//, '')]);
