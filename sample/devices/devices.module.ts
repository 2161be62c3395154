import { Module } from '@nestjs/common';
import { DevicesController } from './devices.controller.js';
import { SessionGateway } from './session.gateway.js';

@Module({ controllers: [DevicesController], providers: [SessionGateway] })
export class DevicesModule {}
