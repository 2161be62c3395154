/** The address at which a server listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, the way node-redis writes the keys of `nodeAddressMap`. */
export const addressName = ({ host, port }: NodeAddress): string => `${host}:${port}`;

type AddressMap =
  Readonly<Record<string, NodeAddress>> | ((address: string) => NodeAddress | undefined) | undefined;

/** The address for connecting to a server that is announced at another one, as behind NAT. */
export const mappedAddress = (map: AddressMap, announced: NodeAddress): NodeAddress => {
  const name = addressName(announced);
  return (typeof map === 'function' ? map(name) : map?.[name]) ?? announced;
};
