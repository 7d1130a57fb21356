import type { Spending } from './spending.js';

/**
 * A part of a budget reserved for one call. The first `settle` or `release` ends it, later ones do nothing.
 *
 * For a call that is recorded with `cost.record`, which charges the budget itself, release the reservation just before,
 * else the call counts twice. Settle it for a call that is not recorded. `using` releases it at the end of the block.
 */
export interface Reservation extends Disposable {
  /**
   * Ends the reservation, and charges the spending.
   *
   * @param actual the actual spending; may exceed the reserved amounts. A kind that is left out counts as reserved.
   * @throws {@link BudgetExceededError} when the spending passes a limit; it is charged nevertheless.
   */
  settle(actual?: Spending): void;
  /** Ends the reservation without charging: nothing was spent, or `cost.record` charges the call. */
  release(): void;
}
