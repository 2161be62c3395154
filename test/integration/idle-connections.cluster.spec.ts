import { describeIdleConnections } from '../support/idle-connections-suite.js';
import { ProxiedCluster } from '../support/proxied-topologies.js';

describeIdleConnections('a Redis Cluster', () => ProxiedCluster.start());
