/** The sessions of an earlier application, which this one takes over. Created by `connectRedis()`. */
export interface SessionOrigin {
  /** The name of the earlier application's session cookie. */
  readonly cookieName: string;
  /**
   * The Redis key of the session for a value of that cookie.
   *
   * @returns undefined when the earlier application did not sign the value
   */
  redisKeyOf(cookie: string): string | undefined;
  /**
   * The entries of a session as the earlier application stored it.
   *
   * @returns undefined when the text is not such a session
   */
  entriesOf(text: string): Record<string, unknown> | undefined;
}
