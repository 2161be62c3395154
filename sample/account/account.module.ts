import { Module } from '@nestjs/common';
import { AccountController } from './account.controller.js';
import { Users } from './users.js';

@Module({ controllers: [AccountController], providers: [Users] })
export class AccountModule {}
