import { COOKIE } from './http-app.js';
import { type Answer, parsedCookie, type RequestOptions } from './http-request.js';

type Send = (path: string, options: RequestOptions) => Promise<Answer>;

/** Keeps the session cookie as a browser does: each answer's replaces or deletes it in the moment the answer arrives. */
export class Browser {
  /** The value of the session cookie. */
  cookie: string | undefined;

  constructor(private readonly send: Send) {}

  /** @param send another server that the request goes to */
  async visit(path: string, options: RequestOptions = {}, send: Send = this.send): Promise<Answer> {
    const answer = await send(path, { cookie: this.cookie, ...options });
    this.receive(answer);
    return answer;
  }

  receive({ setCookies }: Answer): void {
    for (const header of setCookies) {
      const { name, value, attributes } = parsedCookie(header);
      if (name === COOKIE) this.cookie = attributes.includes('max-age=0') ? undefined : value;
    }
  }
}
