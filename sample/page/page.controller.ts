import { readFileSync } from 'node:fs';
import { Controller, Get, Header } from '@nestjs/common';
import { SkipSession } from 'nestjs-codex-redis';
import { settings, storeInWords } from '../settings.js';

const file = (name: string): string => readFileSync(new URL(`../public/${name}`, import.meta.url), 'utf8');

/** The page with its style and its script. */
@Controller()
@SkipSession()
export class PageController {
  readonly #page = file('index.html');
  readonly #style = file('shop.css');
  readonly #script = file('shop.js');

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return this.#page;
  }

  @Get('shop.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return this.#style;
  }

  @Get('shop.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): string {
    return this.#script;
  }

  @Get('api/about')
  about(): { platform: string; store: string } {
    return { platform: settings.platform, store: storeInWords() };
  }
}
