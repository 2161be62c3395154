import { ErrorReply, type RedisClientType } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { dial, type Dial, type DialledClient, DialTimeoutError } from '../connection/dial.js';
import { addressName, type NodeAddress } from '../connection/node-address.js';

export interface MasterDialOptions {
  /** Asks the Sentinels. */
  readonly locate: () => Promise<NodeAddress>;
  readonly templateAt: (address: NodeAddress) => RedisClientType;
  readonly boundMs: number;
  /** Called with the address of the master once there is a connection to it. */
  readonly onOpen: (address: NodeAddress) => void;
}

/** Finds the master and connects to it. A server that is no master, or not any more, will not do. */
export const masterDial = (options: MasterDialOptions): Dial => {
  let opening: Dial | undefined;
  let client: RedisClientType | undefined;
  let given: Error | undefined;
  let reject: (reason: Error) => void = ignore;
  const abandoned = new Promise<never>((_, fail) => (reject = fail));
  const abandon = (reason: Error): void => {
    given ??= reason;
    opening?.abandon(given);
    if (client?.isOpen === true) client.destroy();
    reject(given);
  };
  const timer = setTimeout(() => abandon(new DialTimeoutError(options.boundMs)), options.boundMs);
  const find = async (): Promise<DialledClient> => {
    const address = await options.locate();
    if (given !== undefined) throw given;
    opening = dial(options.templateAt(address), options.boundMs);
    const opened = await opening.opened;
    ({ client } = opened);
    await confirm(opened.client, address, options.locate);
    options.onOpen(address);
    client = undefined;
    return opened;
  };
  const found = find().catch((error: unknown) => {
    if (client?.isOpen === true) client.destroy();
    throw error;
  });
  return { opened: Promise.race([found, abandoned]).finally(() => clearTimeout(timer)), abandon };
};

/** A server that was long in coming (it was frozen, or cut off) may have been replaced meanwhile. */
const confirm = async (
  client: RedisClientType,
  address: NodeAddress,
  locate: () => Promise<NodeAddress>,
): Promise<void> => {
  if ((await roleOf(client)) !== 'master') throw new Error('The Sentinels name a server that is no master');
  if (addressName(await locate()) !== addressName(address)) throw new Error('The master has moved meanwhile');
};

/** A user whose ACL forbids ROLE has the Sentinels' word only. */
const roleOf = async (client: RedisClientType): Promise<unknown> => {
  try {
    const [role] = await client.sendCommand<readonly unknown[]>(['ROLE']);
    return role;
  } catch (error) {
    if (error instanceof ErrorReply && error.message.startsWith('NOPERM')) return 'master';
    throw error;
  }
};
