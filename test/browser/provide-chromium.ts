import { chromiumPath } from './chromium.js';

/** Has Chromium installed once, before the files that use it run side by side. */
export default (): void => {
  chromiumPath();
};
