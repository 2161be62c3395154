import { once } from 'node:events';
import { connect } from 'node:net';

const HEAD_END = '\r\n\r\n';
const STATUS = /^HTTP\/1\.1 (\d{3})/;
const NOT_MODIFIED = '304';
const LENGTH = /\r\ncontent-length: (\d+)/i;

/**
 * A kept-alive connection that asks for the same again and again. A client of full HTTP costs more processor time
 * than the servers that are measured, and would measure itself.
 */
export class HttpConnection {
  #socket;
  #request;
  #status;
  #received = '';
  #onResponse = () => {};

  /**
   * @param {string} url
   * @param {Record<string, string>} [headers]
   * @param {string} [status] of each answer
   */
  static async open(url, headers = {}, status = '200') {
    const { hostname: host, port, pathname } = new URL(url);
    const socket = connect({ host, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    return new HttpConnection(socket, `GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`, status);
  }

  constructor(socket, request, status) {
    this.#socket = socket;
    this.#request = request;
    this.#status = status;
    socket.setEncoding('latin1').on('data', (chunk) => this.#take(chunk));
  }

  /** Asks until `over()`; resolves with the number of responses. */
  async ask(over) {
    let responses = 0;
    await new Promise((resolve, reject) => {
      this.#socket
        .once('error', reject)
        .once('close', () => reject(new Error('the server closed the connection')));
      this.#onResponse = (status) => {
        if (status !== this.#status) {
          reject(new Error(`the server answered ${status}`));
          return;
        }
        responses += 1;
        if (over()) resolve();
        else this.#socket.write(this.#request);
      };
      this.#socket.write(this.#request);
    });
    return responses;
  }

  close() {
    this.#socket.removeAllListeners('close').destroy();
  }

  #take(chunk) {
    this.#received = this.#received === '' ? chunk : this.#received + chunk;
    const head = this.#received.indexOf(HEAD_END);
    if (head < 0) return;
    const [, status] = STATUS.exec(this.#received);
    if (this.#received.length < head + HEAD_END.length + this.#bodyLength(status)) return;
    this.#received = '';
    this.#onResponse(status);
  }

  #bodyLength(status) {
    if (status === NOT_MODIFIED) return 0;
    const length = LENGTH.exec(this.#received);
    if (length === null) throw new Error('the server sent no Content-Length');
    return Number(length[1]);
  }
}
