/*
 * `request.session` stands on what the requests of an application inherit from, where `delete request.session` finds
 * nothing to delete and succeeds, though the session goes on. So a request whose session is in use gets a property of its
 * own that cannot be deleted.
 */

import { declareSessionGetter } from '../common/session-access.js';

/** The value of an application's `request.session`. */
export interface SessionProperty<Request extends object = never> {
  readonly get: (this: Request) => unknown;
  readonly set: (this: Request, value: unknown) => void;
}

/** On a request that inherits from nothing of its application's: the property in its place. */
const PROVIDED = Symbol('codex-redis:session');

interface PinnedRequest {
  [PROVIDED]?: SessionProperty<PinnedRequest> | undefined;
}

/**
 * The object that a request inherits its session from. It is looked up each time: an application that is mounted in
 * another has another one.
 */
const aboveThePinned = (request: object): object => {
  let owner: object | null = request;
  // something may inherit from the request
  while (owner !== null && !Object.hasOwn(owner, 'session')) owner = Reflect.getPrototypeOf(owner);
  return (owner && Reflect.getPrototypeOf(owner)) ?? {};
};

export const pinnedGetter = function (this: PinnedRequest): unknown {
  const provided = this[PROVIDED];
  return provided === undefined
    ? Reflect.get(aboveThePinned(this), 'session', this)
    : provided.get.call(this);
};

declareSessionGetter(pinnedGetter);

const pinned: PropertyDescriptor = {
  configurable: false,
  get: pinnedGetter,
  set(this: PinnedRequest, value: unknown) {
    const provided = this[PROVIDED];
    if (provided !== undefined) provided.set.call(this, value);
    // refused where nothing above gives it a session: another application of Express has taken the request
    else if (!Reflect.set(aboveThePinned(this), 'session', value, this)) keepForeign(this, value);
  },
};

export const isPinned = (request: object): boolean =>
  Object.getOwnPropertyDescriptor(request, 'session')?.get === pinnedGetter;

/** From here on strict code that deletes `request.session` gets a TypeError of JavaScript's own. */
export const pinSession = (request: object): void => {
  if (!Object.hasOwn(request, 'session')) Object.defineProperty(request, 'session', pinned);
};

/** Gives a request a session that it does not inherit. */
export const provideSession = <Request extends object>(
  request: Request,
  property: SessionProperty<Request>,
): void => {
  (request as PinnedRequest)[PROVIDED] = property as unknown as SessionProperty<PinnedRequest>;
  pinSession(request);
};

/** A session of another kind on a request whose property can be neither replaced nor deleted. */
class ForeignSession implements SessionProperty {
  constructor(private value: unknown) {}

  readonly get = (): unknown => this.value;

  readonly set = (value: unknown): void => {
    this.value = value;
  };
}

/** Keeps a session of another kind on a pinned request to which this module gives none. */
export const keepForeign = (request: object, value: unknown): void => {
  (request as PinnedRequest)[PROVIDED] = new ForeignSession(value);
};

export const holdsForeign = (request: object): boolean =>
  (request as PinnedRequest)[PROVIDED] instanceof ForeignSession;

/** Takes back what provideSession() gave, so that what it inherits counts. */
export const withdrawSession = (request: PinnedRequest): void => {
  if (Object.hasOwn(request, PROVIDED)) request[PROVIDED] = undefined;
};
