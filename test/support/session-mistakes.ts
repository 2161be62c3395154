import type { SessionService } from '../../lib/session/session.service.js';

/** When in a request something is done to its session. */
export const PHASES = ['before', 'loaded', 'committing', 'sent', 'finished', 'closed'] as const;
export type Phase = (typeof PHASES)[number];

/** Something that a library or an application does to a session. */
export interface Mistake {
  readonly name: string;
  make(request: { session: unknown }, sessions: SessionService): unknown;
}

const hostile = {
  toString: (): string => {
    throw new Error('not to be asked');
  },
};

/** Wrong arguments of most methods, and some right ones. */
const ARGUMENTS: readonly (readonly unknown[])[] = [
  [],
  [undefined],
  [null],
  [0],
  [Number.NaN],
  [10n],
  [''],
  ['visits'],
  ['visits', { at: new Date() }],
  ['visits', undefined],
  [Symbol('name')],
  [{}],
  [{ visits: 1n }],
  [[]],
  [['visits']],
  [[1]],
  [['visits'], null],
  [['visits'], () => undefined],
  [() => undefined],
  [() => undefined, () => undefined],
  [new Date(Number.NaN)],
  [Object.create(null)],
  [hostile],
  [hostile, hostile],
  [Promise.resolve()],
];

const METHODS = [
  ...['get', 'set', 'has', 'delete', 'pop', 'setDefault', 'update', 'keys', 'values', 'entries', 'clear'],
  ...[
    'flush',
    'cycleKey',
    'confirm',
    'setExpiry',
    'getExpiryAge',
    'getExpiryDate',
    'expiresAtBrowserClose',
    'save',
  ],
  ...['setTestCookie', 'testCookieWorked', 'deleteTestCookie', 'regenerate', 'destroy', 'reload', 'toJSON'],
];
const PROPERTIES = [
  'key',
  'isNew',
  'isEmpty',
  'accessed',
  'modified',
  'visits',
  'missing',
  'then',
  'toString',
];

type Loose = Record<string, (...args: unknown[]) => unknown>;

const ofMethod = (name: string): Mistake[] =>
  ARGUMENTS.map((args, at) => ({
    name: `session.${name}() with arguments ${at}`,
    make: ({ session }) => (session as Loose)[name]?.(...args),
  }));

const ofProperty = (name: string): Mistake[] => [
  { name: `read session.${name}`, make: ({ session }) => (session as Loose)[name] },
  { name: `delete session.${name}`, make: ({ session }) => Reflect.deleteProperty(session as Loose, name) },
  ...ARGUMENTS.map((args, at) => ({
    name: `session.${name} = argument ${at}`,
    make: ({ session }: { session: unknown }) => {
      (session as Record<string, unknown>)[name] = args[0];
    },
  })),
];

const SERVICE = [
  ...[
    'create',
    'load',
    'loadFromCookieHeader',
    'open',
    'ensureLoaded',
    'save',
    'delete',
    'exists',
    'cycleKey',
  ],
  ...['flush', 'clearExpired', 'encode', 'decode', 'commit', 'discard'],
];

const ofService = (name: string): Mistake[] => [
  ...ARGUMENTS.map((args, at) => ({
    name: `SessionService.${name}() with arguments ${at}`,
    make: (_: unknown, sessions: SessionService) => (sessions as unknown as Loose)[name]?.(...args),
  })),
  {
    name: `SessionService.${name}(request.session)`,
    make: ({ session }, sessions) => (sessions as unknown as Loose)[name]?.(session),
  },
  {
    name: `SessionService.${name}() of an opened session`,
    make: (_, sessions) => (sessions as unknown as Loose)[name]?.(sessions.open('a'.repeat(32))),
  },
];

const OF_REQUEST: readonly Mistake[] = [
  ...[null, undefined, {}, 1, 'session', Symbol('session')].map((value) => ({
    name: `request.session = ${typeof value}`,
    make: (request: { session: unknown }) => {
      request.session = value;
    },
  })),
  { name: 'delete request.session', make: (request) => Reflect.deleteProperty(request, 'session') },
  { name: 'spread', make: ({ session }) => ({ ...(session as object) }) },
  { name: 'JSON', make: ({ session }) => JSON.stringify(session) },
  { name: 'in', make: ({ session }) => 'visits' in (session as object) },
  { name: 'define', make: ({ session }) => Object.defineProperty(session, 'visits', { get: () => 1 }) },
  { name: 'freeze', make: ({ session }) => Object.freeze(session) },
  { name: 'prototype', make: ({ session }) => Object.setPrototypeOf(session, null) as unknown },
];

/** Every public method and property, with right and wrong arguments. */
export const mistakes: readonly Mistake[] = [
  ...METHODS.flatMap(ofMethod),
  ...PROPERTIES.flatMap(ofProperty),
  ...SERVICE.flatMap(ofService),
  ...OF_REQUEST,
];
