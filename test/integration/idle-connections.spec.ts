import { describeIdleConnections } from '../support/idle-connections-suite.js';
import { ProxiedServer } from '../support/proxied-topologies.js';

describeIdleConnections('one Redis', () => ProxiedServer.start());
