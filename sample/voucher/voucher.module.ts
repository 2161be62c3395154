import { Module } from '@nestjs/common';
import { VoucherController } from './voucher.controller.js';

@Module({ controllers: [VoucherController] })
export class VoucherModule {}
