import type { Provider } from '@nestjs/common';

let made = 0;

/**
 * Tells a dynamic module from every other one. With `moduleIdGeneratorAlgorithm: 'deep-hash'` Nest takes modules for one
 * that read the same, as those do whose options are concealed or are functions.
 */
export const moduleIdentity = (): Provider => ({ provide: `CodexRedis module ${++made}`, useValue: made });
