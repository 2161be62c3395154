import 'reflect-metadata';
import { type INestApplication, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { AppModule } from './app.module.js';
import { settings, storeInWords } from './settings.js';

const logger = new Logger('Bookshop');

const createApp = (): Promise<INestApplication> =>
  settings.platform === 'Fastify'
    ? NestFactory.create(AppModule, new FastifyAdapter())
    : NestFactory.create(AppModule);

const app = await createApp();
app.enableShutdownHooks();
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(settings.port, settings.host);
logger.log(`Cache and sessions live in ${storeInWords()}`);
logger.log(`Open ${await app.getUrl()} in a browser (running on ${settings.platform})`);
