export interface Ask {
  readonly body?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The names of the cookies that this answer sets or deletes. */
  readonly cookies: readonly string[];
}

/** A browser of its own, as far as cookies go. Redirects are not followed. */
export class Visitor {
  readonly #jar = new Map<string, string>();

  constructor(private readonly url: string) {}

  /** The same browser, with a copy of its cookies, before another server. */
  to(url: string): Visitor {
    const visitor = new Visitor(url);
    for (const [name, value] of this.#jar) visitor.#jar.set(name, value);
    return visitor;
  }

  get cookieHeader(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  cookie(name: string): string | undefined {
    return this.#jar.get(name);
  }

  get(path: string, ask?: Ask): Promise<Answer> {
    return this.ask('GET', path, ask);
  }

  post(path: string, ask?: Ask): Promise<Answer> {
    return this.ask('POST', path, ask);
  }

  async ask(method: string, path: string, { body, form, headers = {} }: Ask = {}): Promise<Answer> {
    const sent =
      form !== undefined ? new URLSearchParams(form) : body instanceof FormData ? body : text(body);
    const answer = await fetch(new URL(path, this.url), {
      method,
      redirect: 'manual',
      headers: {
        ...(this.#jar.size > 0 && { cookie: this.cookieHeader }),
        ...(typeof sent === 'string' && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
    });
    const cookies = answer.headers.getSetCookie().map((line) => this.#keep(line));
    return { status: answer.status, text: await answer.text(), headers: answer.headers, cookies };
  }

  /** Where a redirect leads. */
  async follow(answer: Answer): Promise<Answer> {
    return this.get(answer.headers.get('location') ?? '/no-redirect');
  }

  #keep(line: string): string {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    if (attributes.some((attribute) => /^max-age=0$|^expires=thu, 01 jan 1970/i.test(attribute)))
      this.#jar.delete(name);
    else this.#jar.set(name, pair.slice(at + 1));
    return name;
  }
}

const text = (body: unknown): string | undefined => (body === undefined ? undefined : JSON.stringify(body));
