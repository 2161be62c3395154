import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CodexRedisModule, Session, SessionService } from '../../../dist/index.js';

/** An application that signs visitors in, lists the sessions of a user and ends them. */
export const open = async ({ url }) => {
  class DeviceController {
    constructor(sessions) {
      this.sessions = sessions;
    }

    async signIn(session, user) {
      await session.signIn(user);
      return {};
    }

    async list(user) {
      return { sessions: (await this.sessions.ofUser(user)).length };
    }

    async endAll(user) {
      return { ended: await this.sessions.endOfUser(user) };
    }
  }
  const { prototype } = DeviceController;
  const route = (name, path) => Get(path)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  route('signIn', 'sign-in/:user');
  route('list', 'list/:user');
  route('endAll', 'end-all/:user');
  Session()(prototype, 'signIn', 0);
  Param('user')(prototype, 'signIn', 1);
  Param('user')(prototype, 'list', 0);
  Param('user')(prototype, 'endAll', 0);
  Inject(SessionService)(DeviceController, undefined, 0);
  Controller()(DeviceController);
  class DeviceModule {}
  const module = CodexRedisModule.forRoot({
    url,
    projectName: 'shop',
    secretKey: 'x'.repeat(32),
    session: {},
  });
  Module({ imports: [module], controllers: [DeviceController] })(DeviceModule);
  const app = await NestFactory.create(DeviceModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl() };
};
