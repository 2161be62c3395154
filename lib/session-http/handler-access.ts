/**
 * The guard's decision about a handler: `unknown` until it has run and where there is nothing to load, `granted`,
 * `skipped` by `@SkipSession()`, or `undeclared` if only handlers that declare the session load it.
 */
type Access = 'unknown' | 'granted' | 'skipped' | 'undeclared';

/** The access of a request's handler to its session. */
export class HandlerAccess {
  #access: Access = 'unknown';
  #hasReturned = false;

  get isUnknown(): boolean {
    return this.#access === 'unknown';
  }

  get isSkipped(): boolean {
    return this.#access === 'skipped';
  }

  get isUndeclared(): boolean {
    return this.#access === 'undeclared';
  }

  /** The resolvers of one GraphQL request share its session: what one was granted the next does not take away. */
  note(access: Exclude<Access, 'unknown'>): void {
    if (this.#access !== 'granted') this.#access = access;
  }

  /** True if SessionInterceptor has seen the handler return. */
  get hasReturned(): boolean {
    return this.#hasReturned;
  }

  noteReturn(): void {
    this.#hasReturned = true;
  }

  /** A middleware has the session loaded, whether or not the handler declares it. */
  grantEarly(): void {
    if (this.#access === 'unknown') this.#access = 'granted';
  }
}
