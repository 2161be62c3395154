/** Where sessions of before are taken over from. Made by `connectRedis()`. */
export interface SessionOrigin {
  /** The cookie that the earlier application gave to its visitors. */
  readonly cookieName: string;
  /**
   * The Redis key of the session that a value of that cookie names.
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
