import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CodexRedisModule, SessionService } from '../../../dist/index.js';

/** A process that hears which sessions end in others. */
export const open = async (connection) => {
  const module = CodexRedisModule.forRoot({
    ...connection,
    projectName: 'shop',
    secretKey: 'x'.repeat(32),
    session: { broadcastEvents: true },
  });
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  return app.get(SessionService);
};
