import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { serve } from '../support/serve.js';

/** Starts the application of a block of code, by its file in BLOCK, for `startApplication()`. */
const { AppModule } = (await import(process.env['BLOCK']!)) as { AppModule: Type };
await serve(AppModule);
