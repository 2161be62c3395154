import 'reflect-metadata';
import { type CanActivate, Controller, Get, Module, Param, Post, type Type, UseGuards } from '@nestjs/common';
import { minutes, ThrottlerModule } from '@nestjs/throttler';
import { CodexRedisModule, Session } from '../../lib/index.js';
import { CodexRedisThrottlerModule, CodexRedisThrottlerStorage } from '../../lib/throttler/index.js';
import { serve } from '../support/serve.js';

/** Starts an application whose search has the guard of a block of code, by its file in BLOCK. */
const { UserThrottlerGuard } = (await import(process.env['BLOCK']!)) as {
  UserThrottlerGuard: Type<CanActivate>;
};

@Controller()
class SearchController {
  @Post('login/:user') async login(@Session() session: Session, @Param('user') user: string): Promise<void> {
    await session.signIn(user);
  }

  @UseGuards(UserThrottlerGuard)
  @Get('search')
  search(): string {
    return 'found';
  }
}

@Module({
  imports: [
    CodexRedisModule.forRoot({
      url: 'memory:',
      projectName: 'shop',
      secretKey: 'a secret for the documentation, 32 bytes',
      session: {},
    }),
    ThrottlerModule.forRootAsync({
      imports: [CodexRedisThrottlerModule],
      inject: [CodexRedisThrottlerStorage],
      useFactory: (storage: CodexRedisThrottlerStorage) => ({
        storage,
        throttlers: [{ limit: 2, ttl: minutes(1) }],
      }),
    }),
  ],
  controllers: [SearchController],
})
class AppModule {}

await serve(AppModule);
