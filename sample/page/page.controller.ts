import { readFileSync } from 'node:fs';
import { Controller, Get, Header } from '@nestjs/common';
import { SkipSession } from 'nestjs-codex-redis';
import { settings, storeInWords } from '../settings.js';

const file = (name: string): string => readFileSync(new URL(`../public/${name}`, import.meta.url), 'utf8');

/** The pages with their style and their scripts. */
@Controller()
@SkipSession()
export class PageController {
  readonly #books = file('index.html');
  readonly #devices = file('devices.html');
  readonly #style = file('shop.css');
  readonly #scripts = { shop: file('shop.js'), devices: file('devices.js'), shared: file('shared.js') };

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  books(): string {
    return this.#books;
  }

  @Get('devices')
  @Header('Content-Type', 'text/html; charset=utf-8')
  devices(): string {
    return this.#devices;
  }

  @Get('shop.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return this.#style;
  }

  @Get('shop.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  shopScript(): string {
    return this.#scripts.shop;
  }

  @Get('devices.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  devicesScript(): string {
    return this.#scripts.devices;
  }

  @Get('shared.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  sharedScript(): string {
    return this.#scripts.shared;
  }

  @Get('api/about')
  about(): { platform: string; store: string } {
    return { platform: settings.platform, store: storeInWords() };
  }
}
