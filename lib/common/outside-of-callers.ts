import { AsyncResource } from 'node:async_hooks';

const ground = new AsyncResource('nestjs-codex-redis');

/**
 * Does what no caller has asked for, such as the check of a connection, outside of the asynchronous context of whichever caller
 * happens to cause it: it is no part of his trace.
 */
export const outsideOfCallers = <T>(work: () => T): T => ground.runInAsyncScope(work);
