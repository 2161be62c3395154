import type { RedisClientType } from 'redis';
import { within } from '../../../common/within.js';
import { dial, type Dial, DialTimeoutError } from '../connection/dial.js';
import { addressName, type NodeAddress } from '../connection/node-address.js';
import { verifyPrimary } from '../connection/verify-primary.js';

export interface MasterDialOptions {
  /** Asks the Sentinels. */
  readonly locate: () => Promise<NodeAddress>;
  readonly templateAt: (address: NodeAddress) => RedisClientType;
  readonly boundMs: number;
  /** Further work that must succeed before the connection counts as made. */
  readonly greet?: ((client: RedisClientType) => Promise<void>) | undefined;
  /** Called with the address of the master once there is a connection to it. */
  readonly onOpen: (address: NodeAddress) => void;
}

/** Finds the master and connects to it. A server that is no master, or not any more, will not do. */
export const masterDial = ({ locate, templateAt, boundMs, greet, onOpen }: MasterDialOptions): Dial => {
  const find = async (signal: AbortSignal) => {
    const address = await locate();
    signal.throwIfAborted();
    const confirm = async (client: RedisClientType): Promise<void> => {
      await verifyPrimary((args) => client.sendCommand(args));
      // A late answer (of a frozen or disconnected Sentinel) may be outdated by now.
      if (addressName(await locate()) !== addressName(address))
        throw new Error('The master has changed in the meantime');
      await greet?.(client);
    };
    const opened = await dial(templateAt(address), boundMs, confirm)(signal);
    onOpen(address);
    return opened;
  };
  const late = (): Error => new DialTimeoutError(boundMs);
  return (signal) => within(boundMs, find, late, { signal, ref: false });
};
