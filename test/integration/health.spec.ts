import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test, type TestingModule } from '@nestjs/testing';
import { CodexRedisHealth, CodexRedisModule } from '../../lib/index.js';
import { CodexRedisHealthIndicator, CodexRedisHealthModule } from '../../lib/terminus/index.js';
import { embedCodexRedis } from '../../lib/testing/index.js';
import { RedisAdmin } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';

const sessions = { projectName: 'shop', secretKey: 'k'.repeat(32), session: {} };

describe('health', () => {
  let redis: RedisServer;
  let module: TestingModule;

  const start = async (): Promise<void> => {
    redis = await RedisServer.start();
    module = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({ url: redis.url, operationTimeoutMs: 300, ...sessions }),
        TerminusModule.forRoot({ logger: false }),
        CodexRedisHealthModule,
      ],
    }).compile();
    await module.init();
  };

  afterEach(async () => {
    await module.close();
    await redis.stop();
  });

  const clients = async (): Promise<number> => {
    const admin = new RedisAdmin();
    const list = await admin.command<string>(redis.port, 'CLIENT', 'LIST');
    admin.close();
    return list.trim().split('\n').length;
  };

  it('is up, with the latency of each connection, and opens none', async () => {
    await start();
    const before = await clients();

    const report = await module.get(CodexRedisHealth).check();

    expect(report).toEqual({
      status: 'up',
      connections: ['cache', 'session'].map((purpose) => ({
        purpose,
        status: 'up',
        latencyMs: expect.any(Number) as number,
      })),
    });
    expect(await clients()).toBe(before);
  });

  it('is down with the code of the error while Redis is frozen', async () => {
    await start();
    redis.freeze();
    try {
      const report = await module.get(CodexRedisHealth).check();
      expect(report.status).toBe('down');
      for (const connection of report.connections)
        expect(connection).toEqual({
          purpose: connection.purpose,
          status: 'down',
          code: expect.stringMatching(/^CODEX_REDIS_(TIMEOUT|CONNECTION)$/) as string,
        });
    } finally {
      redis.thaw();
    }
  });

  it('is an indicator of Terminus', async () => {
    await start();
    const indicator = module.get(CodexRedisHealthIndicator);
    const check = () => module.get(HealthCheckService).check([() => indicator.isHealthy('redis')]);
    expect((await check()).details['redis']).toMatchObject({
      status: 'up',
      connections: [{ purpose: 'cache', latencyMs: expect.any(Number) as number }, { purpose: 'session' }],
    });
    await redis.kill();
    await expect(check()).rejects.toMatchObject({
      status: 503,
      response: {
        error: { redis: { status: 'down', connections: [{ code: 'CODEX_REDIS_CONNECTION' }, {}] } },
      },
    });
  });

  it('tells one failing connection from another', async () => {
    redis = await RedisServer.start();
    const builder = Test.createTestingModule({
      imports: [CodexRedisModule.forRoot({ url: redis.url, ...sessions })],
    });
    const { faults } = embedCodexRedis(builder);
    module = await builder.compile();
    await module.init();
    faults.failNext({ verbs: ['ping'] });
    const { status, connections } = await module.get(CodexRedisHealth).check();
    expect(status).toBe('down');
    expect(connections.map((connection) => connection.status)).toEqual(['down', 'up']);
  });
});
