/** Where a server listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, the way node-redis writes the keys of `nodeAddressMap`. */
export const addressName = ({ host, port }: NodeAddress): string => `${host}:${port}`;

type AddressMap =
  Readonly<Record<string, NodeAddress>> | ((address: string) => NodeAddress | undefined) | undefined;

/** Where to connect to for a server that is announced at an address, as behind NAT. */
export const mappedAddress = (map: AddressMap, announced: NodeAddress): NodeAddress => {
  const name = addressName(announced);
  return (typeof map === 'function' ? map(name) : map?.[name]) ?? announced;
};
