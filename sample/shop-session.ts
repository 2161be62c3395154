import type { Session } from 'nestjs-codex-redis';

/** The entries of a visitor's session. */
export interface ShopEntries {
  /** The name of the logged-in user. */
  userName?: string;
  /** Discount in per cent, from a voucher. */
  discount?: number;
  /**
   * A book in the cart. Each copy has its own entry, because concurrent changes of different entries are merged.
   * So no book that is added in any tab is lost.
   */
  [line: `cart.${string}`]: string;
}

export type ShopSession = Session<ShopEntries>;
