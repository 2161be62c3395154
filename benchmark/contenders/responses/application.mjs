import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { VALUES } from '../../core/values.mjs';

const ADAPTERS = { express: ExpressAdapter, fastify: FastifyAdapter };

const order = () => VALUES.medium;

/**
 * Starts a Nest application with a route whose response is 2 KB of JSON.
 *
 * @param {object} contender
 * @param {'express' | 'fastify'} contender.platform
 * @param {MethodDecorator} [contender.cached] what caches the response of the handler
 * @param {any[]} [contender.imports]
 */
export const serve = async ({ platform, cached, imports = [] }) => {
  class OrderController {
    read() {
      return order();
    }
  }
  const handler = Object.getOwnPropertyDescriptor(OrderController.prototype, 'read');
  Get('order')(OrderController.prototype, 'read', handler);
  cached?.(OrderController.prototype, 'read', handler);
  Controller()(OrderController);
  class ShopModule {}
  Module({ imports, controllers: [OrderController] })(ShopModule);
  const app = await NestFactory.create(ShopModule, new ADAPTERS[platform](), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl() };
};
