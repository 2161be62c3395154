const STAR = Symbol('*');
type Token = typeof STAR | ((byte: number) => boolean);

const SPECIAL = /[*?[\]\\]/g;

/**
 * A Redis glob that matches exactly `text`: put before each `*`, `?`, `[`, `]` and `\\` is a backslash. For patterns
 * made of what users type: `deletePattern(`user:${escapeGlob(name)}:*`)`.
 */
export const escapeGlob = (text: string): string => text.replace(SPECIAL, '\\$&');

/**
 * Makes a function that matches texts with a Redis glob: `*`, `?`, `[a-z]`, `[^a]`, `\` takes the next character
 * literally. As in Redis, `?` and a class stand for one byte of UTF-8.
 */
export const globMatcher = (glob: string): ((text: string) => boolean) => {
  const tokens = tokenise(bytesOf(glob));
  return (text) => matches(tokens, bytesOf(text));
};

const ASCII = /^[\0-\x7f]*$/;

/** The text's UTF-8 bytes as characters U+0000 to U+00FF. */
const bytesOf = (text: string): string => (ASCII.test(text) ? text : Buffer.from(text).toString('latin1'));

const tokenise = (glob: string): Token[] => {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length; at++) {
    const character = glob.charAt(at);
    if (character === '*') {
      if (tokens.at(-1) !== STAR) tokens.push(STAR);
    } else if (character === '?') {
      tokens.push(() => true);
    } else if (character === '[') {
      const { token, end } = characterClass(glob, at + 1);
      tokens.push(token);
      at = end;
    } else {
      if (character === '\\' && at + 1 < glob.length) at++;
      tokens.push(exactly(glob.charCodeAt(at)));
    }
  }
  return tokens;
};

const exactly =
  (wanted: number): Token =>
  (byte) =>
    byte === wanted;

/** Reads a class whose first character stands at `from`; an unclosed one reaches to the end, as in Redis. */
const characterClass = (glob: string, from: number): { token: Token; end: number } => {
  const negated = glob.charAt(from) === '^';
  const ranges: [low: number, high: number][] = [];
  let at = negated ? from + 1 : from;
  for (; at < glob.length && glob.charAt(at) !== ']'; at++) {
    if (glob.charAt(at) === '\\' && at + 1 < glob.length) {
      at++;
      ranges.push([glob.charCodeAt(at), glob.charCodeAt(at)]);
    } else if (glob.charAt(at + 1) === '-' && at + 2 < glob.length) {
      const [one, other] = [glob.charCodeAt(at), glob.charCodeAt(at + 2)];
      ranges.push([Math.min(one, other), Math.max(one, other)]);
      at += 2;
    } else {
      ranges.push([glob.charCodeAt(at), glob.charCodeAt(at)]);
    }
  }
  return {
    token: (byte) => ranges.some(([low, high]) => byte >= low && byte <= high) !== negated,
    end: at,
  };
};

/** Goes back to the last star only: at most one step for each token and byte, so linear in the text. */
const matches = (tokens: readonly Token[], text: string): boolean => {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = tokens[token];
    if (wanted === STAR) {
      star = token++;
      starAt = at;
    } else if (wanted?.(text.charCodeAt(at)) === true) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  return token === tokens.length || (token === tokens.length - 1 && tokens[token] === STAR);
};
