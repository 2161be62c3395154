import 'reflect-metadata';
import { Controller, Get, Module, Session } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const ADAPTERS = { express: ExpressAdapter, fastify: FastifyAdapter };

/** What a shop keeps in a session. */
const CART = [
  { sku: 'SKU-1001', quantity: 2, price: 1999 },
  { sku: 'SKU-1002', quantity: 1, price: 4999 },
];

const decorateRoute = (prototype, name, session) => {
  Get(name)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  session?.(prototype, name, 0);
};

/** The routes that every contender serves; without a session decorator, with a constant in its place. */
const controllerOf = (session) => {
  const constant = { visits: 1 };
  class ShopController {
    login(own = constant) {
      own.user = { id: 42, name: 'Ada Lovelace' };
      own.cart = CART;
      own.visits = 1;
      return { visits: own.visits };
    }

    read(own = constant) {
      return { visits: own.visits ?? 0 };
    }

    write(own = constant) {
      own.visits += 1;
      return { visits: own.visits };
    }

    health() {
      return { visits: 0 };
    }
  }
  for (const name of ['login', 'read', 'write']) decorateRoute(ShopController.prototype, name, session);
  decorateRoute(ShopController.prototype, 'health');
  Controller()(ShopController);
  return ShopController;
};

/**
 * Starts a Nest application that serves the routes.
 *
 * @param {object} contender
 * @param {'express' | 'fastify'} contender.platform
 * @param {ParameterDecorator} [contender.session] what hands the session to a handler
 * @param {any[]} [contender.imports]
 * @param {(app: any) => unknown} [contender.configure] called before the application listens
 */
export const serve = async ({ platform, session, imports = [], configure }) => {
  class ShopModule {}
  Module({ imports, controllers: [controllerOf(session)] })(ShopModule);
  const app = await NestFactory.create(ShopModule, new ADAPTERS[platform](), { logger: false });
  await configure?.(app);
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl() };
};

/** What Nest itself hands over as the session. */
export const nestSession = Session();
