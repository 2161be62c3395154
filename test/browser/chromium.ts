import { type Browser, chromium } from 'playwright-core';
import { systemProgram } from '../support/system-program.js';

/** The path of the system's Chromium, whose package is installed where that is allowed. */
export const chromiumPath = (): string =>
  systemProgram({
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    packages: ['chromium', 'fonts-dejavu-core'],
    need: 'The browser tests need Chromium',
  });

/** A browser of the tests' own. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
