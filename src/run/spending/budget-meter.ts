import type { BudgetKind } from '../../errors/budget-exceeded-error.js';
import { invalidOption, rule } from '../../errors/option-rules.js';
import type { Budget } from './budget.js';
import type { BudgetLimits } from './budget-limits.js';
import { limitsOf } from './budget-limits.js';
import type { Reservation } from './reservation.js';
import { budgetKinds } from './spending.js';
import type { BudgetSpent, Spending } from './spending.js';

/**
 * What may be spent here, and what has been: the nearest budget, within those around it.
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

  /** The limits of the nearest budget; empty where there is none. What is left may be less, see `remaining`. */
  get limits(): BudgetLimits {
    return limitsOf(this.#budget.nearest.limits) ?? Object.freeze({});
  }

  /** What was spent of the nearest budget, else in the whole run; reservations are not counted. */
  get spent(): BudgetSpent {
    return this.#budget.nearest.spent;
  }

  /**
   * Tells what is left, after reservations, here and in the budgets around: Infinity where nothing limits.
   *
   * @param kind of `money`, what is left in the nearest currency that is limited.
   * @throws {@link PipelineError} `OPTION_INVALID` when there is no such kind.
   */
  remaining(kind: BudgetKind): number {
    const expected = rule.oneOf(...budgetKinds)(kind);
    if (expected !== undefined)
      throw invalidOption('budget.remaining', `the kind must be ${expected}`, this.#path);
    return this.#budget.remaining(kind);
  }

  /**
   * Keeps a part of the budget free for a call, all of the request or nothing.
   *
   * @throws {@link BudgetExceededError} when it does not fit here or in a budget around. A node may handle it
   * and go on; one that lets it escape ends the scope of that budget.
   * @throws {@link PipelineError} `OPTION_INVALID` when an amount is negative or no number, or a kind unknown.
   */
  reserve(request: Spending): Reservation {
    return this.#budget.reserve(this.#path, request);
  }
}
