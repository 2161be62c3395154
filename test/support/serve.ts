import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo } from 'node:net';

/** In the process of `startApplication()`: listens on a free port, tells it to the parent, and ends with that. */
export const serve = async (module: Type): Promise<void> => {
  const app = await NestFactory.create(module, { logger: ['warn'] });
  await app.listen(0, '127.0.0.1');
  process.on('disconnect', () => {
    void app.close();
  });
  process.send?.((app.getHttpServer() as { address(): AddressInfo }).address().port);
};
