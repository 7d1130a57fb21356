import type { BudgetKind } from '../../errors/budget-exceeded-error.js';
import { invalidOption, rule } from '../../errors/option-rules.js';
import type { Budget } from './budget.js';
import type { BudgetLimits } from './budget-limits.js';
import { limitsOf } from './budget-limits.js';
import type { Reservation } from './reservation.js';
import { budgetKinds } from './spending.js';
import type { BudgetSpent, Spending } from './spending.js';

/**
 * Shows the nearest budget: its limits, and the amounts that were spent and that remain.
 *
 * The amounts that remain also respect the budgets around it.
 *
 * @example
 * {@includeCode ../../../examples/api/budget-meter.ts}
 */
export class BudgetMeter {
  readonly #budget: Budget;
  readonly #path: string;

  /** @hidden */
  constructor(budget: Budget, path: string) {
    this.#budget = budget;
    this.#path = path;
  }

  /** The limits of the nearest budget; empty if there is none. For the amounts that are left, see `remaining`. */
  get limits(): BudgetLimits {
    return limitsOf(this.#budget.nearest.limits) ?? Object.freeze({});
  }

  /** Amounts spent from the nearest budget, or without one in the whole run. Reservations are not counted. */
  get spent(): BudgetSpent {
    return this.#budget.nearest.spent;
  }

  /**
   * Returns the amount left in this budget and those around it, after reservations, or Infinity.
   *
   * @param kind for `money`, the result is in the currency of the nearest budget that limits money.
   * @throws {@link PipelineError} `OPTION_INVALID` when the kind is unknown.
   */
  remaining(kind: BudgetKind): number {
    const expected = rule.oneOf(...budgetKinds)(kind);
    if (expected !== undefined)
      throw invalidOption('budget.remaining', `the kind must be ${expected}`, this.#path);
    return this.#budget.remaining(kind);
  }

  /**
   * Reserves a part of the budget for a call: the whole request, or nothing.
   *
   * @throws {@link BudgetExceededError} when the request does not fit into this budget or one around it. A node may catch
   * the error and go on; if the error leaves the node, the scope of the exceeded budget ends.
   * @throws {@link PipelineError} `OPTION_INVALID` when an amount is negative or no number, or a kind unknown.
   */
  reserve(request: Spending): Reservation {
    return this.#budget.reserve(this.#path, request);
  }
}
