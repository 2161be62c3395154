import type { WebSocketAdapter } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { type GatewayServer, serverName, serversWithSessions } from './gateways.js';
import type { SessionHttp } from '../session-http.js';
import type { HandshakeTools } from './handshake.js';
import { loadOnSocketIo, type SocketIoServer } from './socket-io.js';
import { loadOnWs, type WsServer } from './ws.js';

/**
 * Gives the sockets of gateways with `@UseSession()` the session of their handshake. Gateways get their servers before any
 * module is asked for its middleware, from an adapter that main.ts may choose.
 */
export const useSessionsInGateways = (
  config: ApplicationConfig,
  modules: ModulesContainer,
  http: SessionHttp,
): void => {
  const servers = serversWithSessions(modules);
  if (servers.size === 0) return;
  const tools = { http, watch: http.service.watch.begin() };
  const choose = config.setIoAdapter.bind(config);
  config.setIoAdapter = (adapter: WebSocketAdapter) => {
    adapt(adapter, servers, tools);
    choose(adapter);
  };
};

const adapt = (adapter: WebSocketAdapter, servers: ReadonlySet<string>, tools: HandshakeTools): void => {
  const create = adapter.create.bind(adapter) as (port: number, options?: GatewayServer) => unknown;
  adapter.create = (port: number, options?: GatewayServer): unknown => {
    const server = create(port, options);
    if (servers.has(serverName(port, options))) loadOn(server, tools);
    return server;
  };
};

const loadOn = (server: unknown, tools: HandshakeTools): void => {
  if (isWs(server)) loadOnWs(server, tools);
  else if (isSocketIo(server)) loadOnSocketIo(server, tools);
  else
    throw new ImproperlyConfiguredError(
      '@UseSession() on a WebSocket gateway works with the adapters of @nestjs/platform-ws and @nestjs/platform-socket.io; ' +
        'with another, load the session from the Cookie header with SessionService.loadFromCookieHeader()',
    );
};

const isWs = (server: unknown): server is WsServer =>
  typeof (server as Partial<WsServer> | undefined)?.handleUpgrade === 'function';

const isSocketIo = (server: unknown): server is SocketIoServer =>
  typeof (server as Partial<SocketIoServer> | undefined)?.use === 'function';
