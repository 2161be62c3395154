import { escapeGlob, globMatcher } from '../../lib/common/glob.js';
import { CacheCoder } from '../../lib/cache-coder/cache-coder.js';
import { keyOf } from '../../lib/cache/cache-key.js';
import { responseKey } from '../../lib/cache-responses/response-key.js';
import { directiveNames, withoutSharedCaching } from '../../lib/common/cache-control.js';
import { systemClock } from '../../lib/common/clock.js';
import { parseDuration } from '../../lib/common/duration.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { connectRedis } from '../../lib/session/wire/connect-redis.js';
import { cookieValues } from '../../lib/session/wire/cookie-header.js';
import { SharedCodec } from '../support/shared-codec.js';
import { isSessionKey, sessionKeysAmong } from '../../lib/session/wire/session-key.js';
import { SessionSigner } from '../../lib/session/wire/session-signer.js';
import { CACHE_COMPANIONS, companionKey, entryOfCompanion } from '../../lib/store/companion-key.js';
import { parseRedirection } from '../../lib/store/redis/cluster/cluster-topology.js';
import { parseTrace } from '../../lib/store/trace.js';
import { roundsOf } from '../support/long-run.js';
import { watched } from '../support/watchdog.js';

const LENGTH = roundsOf(1024 * 1024, 256 * 1024);

/** One after the other until there is enough. */
const much = (part: string, first = '', last = ''): string =>
  first + part.repeat(Math.ceil(LENGTH / part.length)) + last;

/** What makes careless parsers take a step for each pair of characters, or nest too deep. */
const INPUTS: readonly string[] = [
  ...['a', '0', '9', ' ', '\t', '\n', ';', '=', ',', ':', '.', '-', '"', '\\', '%', '{', '}', '[', '(', '*'],
  ...['é', '\u{1f600}', '\ud800', '\0'],
  ...['sid=', 'sid=x; ', 'sid', '; sid', 'sid =;', '%20', '%E0', '&a=', '&', '?[', 'a.', '1:', ':1', '/../'],
  ...[
    '"\\',
    '\\"',
    '",',
    'a,',
    'private="',
    '{"a":',
    '[[',
    '{}',
    'W/"',
    's:',
    '*a',
    '[a-',
    '1e9',
    'MOVED 1 ',
  ],
]
  // what fits almost is what is tried again
  .map((part) => much(part, '', '!'))
  .concat(
    much('[', '', much(']')),
    much('{"a":', '', `1${much('}')}`),
    much('1', '{"a":', '}'),
    much('a', '"', ''),
    much('0', '-', '.'),
    much(' ', 'sid=x', '; sid=y'),
    much(':1', 'MOVED 1 ', 'x'),
    much('A', '', ':1r31eq:signature'),
  );

const codec = new SharedCodec(
  new SessionSigner(['a secret key for the tests that is long enough'], 'salt'),
  new JsonSerializer(),
  systemClock,
);
const serializer = new JsonSerializer();
const origin = connectRedis({ secret: 'secret' });
const route = { name: 'A.b', isForHost: true, options: { vary: ['accept'] } } as never;

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  'the Cookie header': (text) => sessionKeysAmong(cookieValues(text, 'sid')),
  'session keys': isSessionKey,
  'the stored text of a session': (text) => codec.decode(text),
  'the JSON of a cached value': (text) => serializer.loads(text),
  'the trace of a session': parseTrace,
  'the cookie of an earlier application': (text) => origin.redisKeyOf(text),
  'the session of an earlier application': (text) => origin.entriesOf(text),
  'Cache-Control': (text) => [directiveNames(text), withoutSharedCaching(text)],
  'a duration': parseDuration,
  'the text that a glob is matched with': globMatcher('*a*a*[a-z]*?b'),
  'the text of a visitor in a glob': escapeGlob,
  'the key of a companion': (text) =>
    CACHE_COMPANIONS.map((word) => [
      entryOfCompanion('shop', word, text),
      entryOfCompanion('shop', word, companionKey('shop', word, text)),
    ]),
  'an argument of a cached method': keyOf,
  'the address of a cached response': (text) =>
    responseKey(
      route,
      { url: `/a?${text}`, host: text, query: {}, headers: { accept: text } },
      text,
      text,
      undefined,
    ),
  'the answer of a Cluster': (text) => parseRedirection(text, { host: 'a', port: 1 }),
  'a stored time': (text) => CacheCoder.loadDatetime(text),
  'a stored decimal': (text) => CacheCoder.loadDecimal(text),
  'a stored UUID': (text) => CacheCoder.loadUuid(text),
  'stored bytes': (text) => CacheCoder.loadBytes(text),
  'a stored bigint': (text) => CacheCoder.loadBigint(text),
};

describe(`${LENGTH} characters that are made to be hard`, () => {
  it.each(Object.keys(PARSERS))(
    'costs steps by its length only: %s',
    (name) => {
      const parse = PARSERS[name]!;
      for (const input of INPUTS)
        watched(() => {
          try {
            parse(input);
          } catch (error) {
            // what is refused is refused by an error that is meant
            expect(error).not.toHaveProperty(
              'message',
              expect.stringMatching(/call stack|out of memory|regular/i),
            );
          }
        });
    },
    300_000,
  );
});
