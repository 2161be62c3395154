export { collectCodexRedisMetrics, type CollectMetricsOptions } from './collect-metrics.js';
