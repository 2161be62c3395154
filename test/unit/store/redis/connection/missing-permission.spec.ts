import { missingPermission } from '../../../../../lib/store/redis/connection/missing-permission.js';

const SCRIPT = "local a = 1\nlocal time = redis.call('TIME')";

describe('missingPermission()', () => {
  it.each([
    ['a command', "NOPERM User shop has no permissions to run the 'cluster|slots' command", '+cluster|slots'],
    ['a key', 'NOPERM No permissions to access a key', 'a ~pattern for a key of the command'],
    ['a channel', 'NOPERM No permissions to access a channel', 'an &pattern for the channel'],
    [
      'a command of a script, as Redis 7.0 says it',
      "ERR The user executing the script can't run this command or subcommand script: 4d58, on @user_script:2.",
      '+time',
    ],
    [
      'a command of a script, as Redis 8 and Valkey say it',
      "ERR ACL failure in script: User shop has no permissions to run the 'time' command script: 4d58, on @user_script:2.",
      '+time',
    ],
  ])('names %s', (_what, reply, permission) => {
    expect(missingPermission(reply, SCRIPT)).toBe(permission);
  });

  it('names none for another reply', () => {
    expect(
      missingPermission('WRONGTYPE Operation against a key holding the wrong kind of value', SCRIPT),
    ).toBeUndefined();
  });
});
