import { Controller, Get } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { startApp } from '../support/http-app.js';
import { keyFrom, request } from '../support/http-request.js';

@Controller()
class VisitsController {
  @Get('visits')
  visits(@Session() session: Session<{ visits: number }>): { visits: number } {
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits };
  }
}

describe('An Express that the user serves from further servers', () => {
  it('has its sessions there too', async () => {
    const instance = express();
    const app = await startApp('express', {
      controllers: [VisitsController],
      adapter: () => new ExpressAdapter(instance),
    });
    const server = createServer(instance).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const cookie = keyFrom(await request(port, '/visits'));
      expect((await request(port, '/visits', { cookie })).body).toBe('{"visits":2}');
      expect((await app.send('/visits', { cookie })).body).toBe('{"visits":3}');
    } finally {
      server.close();
      await app.close();
    }
  });
});
