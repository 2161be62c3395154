import { Controller, Get, Module } from '@nestjs/common';
import { CodexRedisModule, Session } from 'nestjs-codex-redis';

@Controller()
class AccountController {
  @Get('me')
  me(@Session() session: Session<{ userId: number }>): number | undefined {
    return session.userId;
  }
}

/** The application that the page about testing tests. */
@Module({
  imports: [
    CodexRedisModule.forRoot({
      url: 'redis://localhost:6379/0',
      projectName: 'shop',
      secretKey: 'a secret for the documentation, 32 bytes',
      cache: { keyPrefix: 'shop' },
      session: {},
    }),
  ],
  controllers: [AccountController],
})
export class AppModule {}
