import type { Socket } from 'node:net';

/** The counts that libuv keeps of a socket, and Node shows nowhere else. */
interface Handle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/**
 * Tells whether bytes move on a socket: a reply that keeps arriving, or a request that is larger than the system's
 * buffers and keeps leaving. A small request leaves at once also when nobody reads it, so it says nothing.
 */
export class SocketProgress {
  #read = 0;
  #sent = 0;
  #waiting = 0;

  constructor(private readonly socket: Socket | undefined) {}

  /** True if bytes have moved since this was last asked. */
  hasMoved(): boolean {
    const { bytesWritten = 0, writeQueueSize = 0 } = this.#handle;
    const read = this.socket?.bytesRead ?? 0;
    const sent = bytesWritten - writeQueueSize;
    const moved = read !== this.#read || (this.#waiting > 0 && sent !== this.#sent);
    this.#read = read;
    this.#sent = sent;
    this.#waiting = writeQueueSize;
    return moved;
  }

  get #handle(): Handle {
    return (this.socket as { readonly _handle?: Handle | null } | undefined)?._handle ?? {};
  }
}
