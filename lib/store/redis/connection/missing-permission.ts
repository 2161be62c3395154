/** The words of Redis 7.0, and of later versions and Valkey. */
const DENIED_IN_SCRIPT = /user executing the script can't|ACL failure in script/;

/** The permission that an ACL user lacks where `reply` refuses it something: `+get`, or a pattern. Else undefined. */
export const missingPermission = (reply: string, script = ''): string | undefined => {
  const inScript = DENIED_IN_SCRIPT.test(reply);
  if (!inScript && !reply.startsWith('NOPERM')) return undefined;
  if (/\bkeys?\b/.test(reply)) return 'a ~pattern for a key of the command';
  if (/\bchannels?\b/.test(reply)) return 'an &pattern for the channel';
  const [, command] = /the '([a-z0-9|_.-]+)' command/i.exec(reply) ?? [];
  if (command !== undefined) return `+${command.toLowerCase()}`;
  const candidates = inScript ? commandsAt(reply, script) : [];
  return candidates.length > 0 ? candidates.join(' or ') : 'a permission';
};

/** The words of an error about a missing permission. */
export const lacking = (permission: string): string =>
  `the ACL of its user lacks ${permission} (NOPERM); docs/topologies.md lists what this module needs`;

/** Redis 7.0 tells the line of the script only, and not even that of a `pcall`. */
const commandsAt = (reply: string, script: string): string[] => {
  const [, line] = /user_script:(\d+)/.exec(reply) ?? [];
  const source = line === undefined ? '' : (script.split('\n')[Number(line) - 1] ?? '');
  const found = commandsIn(source, 'p?call');
  return found.length > 0 ? found : commandsIn(script, 'pcall');
};

const commandsIn = (source: string, call: string): string[] => {
  const calls = source.matchAll(new RegExp(`redis\\.${call}\\('([A-Z]+)'`, 'g'));
  return [...new Set([...calls].map(([, name = '']) => `+${name.toLowerCase()}`))];
};
