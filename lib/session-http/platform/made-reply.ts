/** A reply of a platform that is made, and can be sent. */
export interface MadeReply {
  /** The text or the bytes that it sends. On Fastify a stream as well, or what a hook is yet to turn into text. */
  readonly body: unknown;
  send(): unknown;
  /** Takes back what making it did to the response, for another reply. */
  takeBack(): void;
}

/**
 * Makes a reply, and puts off its sending.
 *
 * @param reply has the platform reply
 * @param onMade gets what that made, at once or later; it is not called where the platform sends nothing by its usual call
 * @returns what `reply` returns
 * @throws what making it throws, such as a TypeError for a body that is not JSON
 */
export type MakeReply = (
  response: object,
  reply: () => unknown,
  onMade: (made: MadeReply) => void,
) => unknown;

/** The ways in which a platform replies. */
export interface Replying {
  readonly makeReply: MakeReply;
  /** Replies without putting anything off. */
  readonly replyAtOnce: (response: object, reply: () => unknown) => unknown;
}
