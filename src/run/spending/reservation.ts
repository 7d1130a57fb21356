import type { Spending } from './spending.js';

/**
 * A part of a budget that is kept free for one call; settled or released once, after that nothing happens.
 *
 * `cost.record` charges the budget itself: release the reservation just before, without settling it, else the call
 * counts twice. Settle is for calls that are not recorded. With `using` it is released at the end of the block.
 */
export interface Reservation extends Disposable {
  /**
   * Turns the reservation into spending.
   *
   * @param actual what was really spent; a kind that is left out counts as reserved. More than reserved is
   * spent all the same.
   * @throws {@link BudgetExceededError} when a limit is passed by it; it is spent nevertheless.
   */
  settle(actual?: Spending): void;
  /** Gives the reservation back: nothing of it was spent, or `cost.record` charges it. */
  release(): void;
}
