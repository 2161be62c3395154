import { describeIdleConnections } from '../support/idle-connections-suite.js';
import { ProxiedSentinels } from '../support/proxied-topologies.js';

describeIdleConnections('a master behind Sentinels', () => ProxiedSentinels.start());
