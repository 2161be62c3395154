import type { ServerResponse } from 'node:http';
import { type GatedResponse, HELD_RESPONSE, type Hold } from './gated-response.js';
import { headersAlreadySent } from './node-response.js';
import type { ResponseBase } from './response-base.js';

interface WaitingHold extends Hold {
  readonly base: ResponseBase;
}

const heldBy = (response: GatedResponse): WaitingHold => {
  const held = response[HELD_RESPONSE];
  if (held?.base === undefined) throw new Error('Only a response that is held waits');
  return held as WaitingHold;
};

const method = (value: (this: GatedResponse, ...args: never[]) => unknown): PropertyDescriptor => ({
  configurable: true,
  writable: true,
  value,
});

const overrides: PropertyDescriptorMap = {
  headersSent: {
    configurable: true,
    get(this: GatedResponse): boolean {
      const held = heldBy(this);
      return held.phase === 'waiting' || Reflect.get(held.base, 'headersSent', this);
    },
  },
  writableEnded: {
    configurable: true,
    get(this: GatedResponse): boolean {
      const held = heldBy(this);
      return held.phase === 'waiting' ? held.ended : Reflect.get(held.base, 'writableEnded', this);
    },
  },
  setHeader: method(function (name: string, value: unknown) {
    return passed(this, 'set').setHeader.call(this, name, value);
  }),
  setHeaders: method(function (headers: unknown) {
    return passed(this, 'set').setHeaders.call(this, headers);
  }),
  appendHeader: method(function (name: string, value: unknown) {
    return passed(this, 'append').appendHeader.call(this, name, value);
  }),
  removeHeader: method(function (name: string) {
    passed(this, 'remove').removeHeader.call(this, name);
  }),
  _implicitHeader: method(function () {
    const held = heldBy(this);
    if (held.phase !== 'waiting') held.base._implicitHeader?.call(this);
  }),
};

const passed = (response: GatedResponse, action: 'set' | 'append' | 'remove'): ResponseBase => {
  const held = heldBy(response);
  if (held.phase === 'waiting') throw headersAlreadySent(action);
  return held.base;
};

/**
 * Lets a response that begins to wait look as if its head had left: frameworks read `headersSent` to decide whether
 * an error may still be answered, and a header set now would be lost.
 */
export const lookAsSent = (response: ServerResponse): void => {
  Object.defineProperties(response, overrides);
};
