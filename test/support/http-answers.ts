/** A response as it came on a connection, in latin1. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly setCookies: readonly string[];
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';

/** The whole responses at the beginning of what was received on a connection; one that was broken off is left out. */
export const wholeAnswers = (received: string): RawAnswer[] => {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0) return answers;
    const head = rest.slice(0, end);
    const body = bodyOf(head, rest.slice(end + HEAD_END.length));
    if (body === undefined) return answers;
    answers.push({
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
      head,
      setCookies: [...head.matchAll(/^set-cookie: (.*)$/gim)].map(([, value]) => value!.trim()),
      body: body.text,
    });
    rest = body.rest;
  }
};

const bodyOf = (head: string, rest: string): { text: string; rest: string } | undefined => {
  if (/^transfer-encoding: chunked/im.test(head)) return chunks(rest);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : { text: rest.slice(0, length), rest: rest.slice(length) };
};

const chunks = (received: string): { text: string; rest: string } | undefined => {
  let text = '';
  let rest = received;
  for (;;) {
    const [line, hex] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    if (line === undefined || hex === undefined) return undefined;
    const size = parseInt(hex, 16);
    const end = line.length + size + 2;
    if (rest.length < end) return undefined;
    text += rest.slice(line.length, line.length + size);
    rest = rest.slice(end);
    if (size === 0) return { text, rest };
  }
};
