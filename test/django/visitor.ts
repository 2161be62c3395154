import { type Answer, parsedCookie, request } from '../support/http-request.js';

/** Where a visitor goes: the Nest application or the Django project. */
export interface Side {
  readonly port: number;
  /** What it has logged, where that is known. */
  log?(): string;
}

/** Who keeps the session cookie of one side and shows it on the other, as a browser does that sees one host. */
export class Visitor {
  /** The key of the session, `undefined` without a cookie. */
  key: string | undefined;

  constructor(private readonly cookieName: string) {}

  /** Sends a deed with its arguments, and keeps or drops the cookie as the answer says. */
  send(side: Side, deed: string, body: object = {}): Promise<Answer> {
    return this.sendText(side, deed, JSON.stringify(body));
  }

  /** Sends JSON that JavaScript would not write. */
  async sendText(side: Side, deed: string, body: string): Promise<Answer> {
    const answer = await request(side.port, `/${deed}`, {
      method: 'POST',
      body,
      headers: this.key === undefined ? {} : { Cookie: `${this.cookieName}=${this.key}` },
    });
    for (const { name, value } of answer.setCookies.map(parsedCookie))
      if (name === this.cookieName) this.key = value === '' ? undefined : value;
    return answer;
  }

  /**
   * Does something, and gives the JSON of the answer.
   *
   * @throws Error when the side refuses it
   */
  async does<T = unknown>(side: Side, deed: string, body?: object): Promise<T> {
    const answer = await this.send(side, deed, body);
    if (answer.status >= 400)
      throw new Error(
        `${deed} was answered with ${answer.status}: ${answer.body}\n${side.log?.().slice(-3000) ?? ''}`,
      );
    return (answer.body === '' ? undefined : JSON.parse(answer.body)) as T;
  }

  /** The entries of the session as a side sees them. */
  reads(side: Side): Promise<Record<string, unknown>> {
    return this.does(side, 'read');
  }

  /** The name that Django knows, '' for nobody. */
  nameIn(django: Side): Promise<string> {
    return this.does(django, 'whoami');
  }

  /** Another browser with the same cookie. */
  copy(): Visitor {
    const copy = new Visitor(this.cookieName);
    copy.key = this.key;
    return copy;
  }
}
