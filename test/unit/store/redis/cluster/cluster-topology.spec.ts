import { RedisServiceError } from '../../../../../lib/errors/redis.errors.js';
import {
  knownSlotRanges,
  parseRedirection,
  parseSlotRanges,
} from '../../../../../lib/store/redis/cluster/cluster-topology.js';

const asked = { host: 'cluster.internal', port: 7000 };

describe('knownSlotRanges', () => {
  it('asks another node than one that knows of none', () => {
    const asked = { host: '10.0.0.9', port: 7000 };
    expect(() => knownSlotRanges([], asked)).toThrow(RedisServiceError);
    expect(knownSlotRanges([[0, 1, ['10.0.0.1', 7000, 'id']]], asked)).toHaveLength(1);
  });
});

describe('parseSlotRanges', () => {
  it('reads masters and replicas', () => {
    const reply = [[0, 16383, ['10.0.0.1', 7000, 'id-1', []], ['10.0.0.2', 7001, 'id-2', []]]] as never;
    expect(parseSlotRanges(reply, asked)).toEqual([
      {
        from: 0,
        to: 16383,
        master: { host: '10.0.0.1', port: 7000 },
        replicas: [{ host: '10.0.0.2', port: 7001 }],
      },
    ]);
  });

  it.each([null, ''])('takes a node that leaves its host out (%j) for the one that was asked', (host) => {
    const [range] = parseSlotRanges([[0, 1, [host, 7005, 'id']]], asked);
    expect(range?.master).toEqual({ host: 'cluster.internal', port: 7005 });
  });

  it('leaves out nodes whose name nobody knows', () => {
    expect(parseSlotRanges([[0, 1, ['?', 7005, 'id']]], asked)).toEqual([]);
    const [range] = parseSlotRanges([[0, 1, ['10.0.0.1', 7000, 'id'], ['?', 7005, 'id']]], asked);
    expect(range?.replicas).toEqual([]);
  });
});

describe('parseRedirection', () => {
  it.each([
    ['MOVED 3999 127.0.0.1:6381', { kind: 'MOVED', address: { host: '127.0.0.1', port: 6381 } }],
    ['ASK 3999 2001:db8::1:6381', { kind: 'ASK', address: { host: '2001:db8::1', port: 6381 } }],
    ['MOVED 3999 :6381', { kind: 'MOVED', address: { host: 'cluster.internal', port: 6381 } }],
    [
      'MOVED 3999 redis-2.example.org:6381',
      { kind: 'MOVED', address: { host: 'redis-2.example.org', port: 6381 } },
    ],
    ['CLUSTERDOWN The cluster is down', undefined],
    ['ERR MOVED 1 a:1', undefined],
  ])('reads %j', (message, redirection) => {
    expect(parseRedirection(message, asked)).toEqual(redirection);
  });
});
