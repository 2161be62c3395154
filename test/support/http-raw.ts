import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection that shows every byte as soon as it is there. */
export class RawConnection {
  received = '';
  closed = false;
  readonly #socket: Socket;

  private constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => (this.received += chunk));
    this.#socket.on('close', () => (this.closed = true));
    this.#socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection(port);
    await once(connection.#socket, 'connect');
    return connection;
  }

  /** Sends a GET, or what else the first word says. */
  get(
    path: string,
    headers: readonly string[] = ['Connection: close'],
    method = 'GET',
    version = '1.1',
  ): void {
    this.#socket.write(
      `${method} ${path} HTTP/${version}\r\n${['Host: test', ...headers].join('\r\n')}\r\n\r\n`,
    );
  }

  /** Waits until what was received matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.received)) {
      if (this.closed) throw new Error(`closed after: ${this.received.slice(0, 500)}`);
      await Promise.race([once(this.#socket, 'data'), once(this.#socket, 'close')]);
    }
  }

  async untilClosed(): Promise<string> {
    if (!this.closed) await once(this.#socket, 'close');
    return this.received;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
