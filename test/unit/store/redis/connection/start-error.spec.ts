import { inspect } from 'node:util';
import { ErrorReply } from 'redis';
import { ImproperlyConfiguredError } from '../../../../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError, RedisServiceError } from '../../../../../lib/errors/redis.errors.js';
import { startError } from '../../../../../lib/store/redis/connection/start-error.js';
import { translateError } from '../../../../../lib/store/redis/connection/translate-error.js';

const withCode = (code: string, message = 'reason'): Error => Object.assign(new Error(message), { code });

describe('an error at start', () => {
  it.each([
    [withCode('ECONNREFUSED'), RedisConnectionError, /redis:6379 is not reachable \(ECONNREFUSED\)/],
    [withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE_CERT'), RedisConnectionError, /certificate authority/],
    [withCode('ERR_TLS_CERT_ALTNAME_INVALID'), RedisConnectionError, /host name/],
    [
      new AggregateError([withCode('ECONNREFUSED'), withCode('EHOSTUNREACH'), withCode('ECONNREFUSED')]),
      RedisConnectionError,
      /\(ECONNREFUSED, EHOSTUNREACH\)/,
    ],
    [new Error('Socket closed unexpectedly'), RedisConnectionError, /\(Socket closed unexpectedly\)/],
    ['thrown text', RedisConnectionError, /unknown reason/],
    [new ErrorReply('WRONGPASS invalid'), ImproperlyConfiguredError, /credentials \(WRONGPASS\)/],
    [new ErrorReply('NOAUTH Authentication required'), ImproperlyConfiguredError, /credentials \(NOAUTH\)/],
    [new ErrorReply('ERR DB index is out of range'), ImproperlyConfiguredError, /no database/],
    [new ErrorReply("ERR unknown command 'HELLO'"), ImproperlyConfiguredError, /7\.0 or newer/],
    [new ErrorReply('ERR max number of clients reached'), RedisConnectionError, /max number of clients/],
  ])('%s', (error, type, message) => {
    const translated = startError(error, 'redis:6379');

    expect(translated).toBeInstanceOf(type);
    expect(translated.message).toMatch(message);
    expect(translated.cause).toBe(error);
  });
});

describe('an error at run time', () => {
  it.each([
    ['WRONGTYPE Operation against a key', 'WRONGTYPE'],
    ['OOM command not allowed', 'OOM'],
    ['ERR value is not an integer', 'ERR'],
    ['LOADING Redis is loading the dataset in memory', 'LOADING'],
    ['odd reply in small letters', 'ERR'],
    ['', 'ERR'],
  ])('of the server, %j, carries the code %s and not the text', (reply, code) => {
    const translated = translateError(new ErrorReply(reply));

    expect(translated).toBeInstanceOf(RedisServiceError);
    expect(translated).toMatchObject({ replyCode: code, message: `Redis refused the command: ${code}` });
  });

  it.each([
    [
      "ERR unknown command 'SET', with args beginning with: 'a:1:k' 'the value' ",
      "ERR unknown command 'SET'",
    ],
    [
      'ERR unknown command `SET`, with args beginning with: `a:1:k`, `the value`, ',
      'ERR unknown command `SET`',
    ],
    ["ERR unknown command 'SET' 'a:1:k' 'the value'", "ERR unknown command 'SET'"],
    ["ERR unknown command 'SET'", "ERR unknown command 'SET'"],
  ])('of the server, %j, is a cause without the arguments that it quotes', (reply, kept) => {
    const { cause } = translateError(new ErrorReply(reply));

    expect(cause).toBeInstanceOf(ErrorReply);
    expect(cause).toHaveProperty('message', kept);
    expect(inspect(cause)).not.toContain('the value');
  });

  it('of the connection names no host', () => {
    const cause = withCode('ECONNRESET', 'read ECONNRESET 10.0.0.7:6379');
    const translated = translateError(cause);

    expect(translated).toBeInstanceOf(RedisConnectionError);
    expect(translated).toMatchObject({ message: 'Redis is not reachable', cause });
  });

  it('of an argument or of this module passes', () => {
    const argument = new TypeError('"arguments[1]" must be a string');
    const own = new RedisServiceError('OOM');

    expect(translateError(argument)).toBe(argument);
    expect(translateError(own)).toBe(own);
  });
});
