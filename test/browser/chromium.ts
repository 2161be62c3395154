import { type Browser, chromium } from 'playwright-core';
import { systemProgram } from '../support/system-program.js';

/** A browser of the tests' own: the system's Chromium, whose package is installed where that is allowed. */
export const startChromium = async (): Promise<Browser> => {
  const executablePath = systemProgram({
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    packages: ['chromium', 'fonts-dejavu-core'],
    need: 'The browser tests need Chromium',
  });
  return await chromium.launch({
    executablePath,
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
};
