import type { Session } from 'nestjs-codex-redis';

/** What a visitor's session holds. */
export interface ShopEntries {
  /** The name of who has logged in. */
  userName?: string;
  /** Per cent off, from a voucher. */
  discount?: number;
  /**
   * A book in the cart, each under a name of its own: requests that change different entries of a session at once
   * are merged, so no book that is added in any tab is lost.
   */
  [line: `cart.${string}`]: string;
}

export type ShopSession = Session<ShopEntries>;
