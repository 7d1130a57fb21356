import type { CancelReason } from './cancel-reason.js';
import { PipelineError } from './pipeline-error.js';

/** What a budget can limit. */
export type BudgetKind = 'tokens' | 'calls' | 'items' | 'money';

/** The budget that was exceeded, as plain data. */
export interface ExceededBudget {
  /** What has run out. */
  readonly kind: BudgetKind;
  /** The most that was allowed; of money, in units of `currency`. */
  readonly limit: number;
  /** What was spent; where a reservation was refused, with what others had reserved. */
  readonly spent: number;
  /** Where the budget was set: the pipeline of the run, or the composite. */
  readonly path: string;
  /** The path of the node that spent most of it, if any has. */
  readonly topSpender: string | undefined;
  /** Of money only. */
  readonly currency?: string;
}

/** Ends the scope of a budget, if what has failed lies within it. */
type EndBudget = (error: BudgetExceededError, below: object) => void;

/** Ends the scope of the budget that is exceeded, where something below it has failed by that. */
export let endBudgetOf: EndBudget;

/** The same error for another run that ends by it: each carries its own result. */
export let exceededAgain: (error: BudgetExceededError) => BudgetExceededError;

/**
 * Thrown where more is spent, or is to be reserved, than a budget allows; its `path` is that of the spender.
 *
 * @example
 * {@includeCode ../../examples/api/budget-exceeded-error.ts}
 */
export class BudgetExceededError extends PipelineError {
  /** The limit and who used it up. */
  readonly budget: ExceededBudget;
  /** Why the work was cancelled, where this error ended it. */
  readonly reason: CancelReason;
  readonly #end: EndBudget;
  readonly #asked: number | undefined;

  /**
   * @hidden
   * @param path where it was spent, or asked for.
   * @param end ends the scope of the budget, where the error was thrown within it.
   * @param asked what was to be reserved, where that was refused.
   */
  constructor(budget: ExceededBudget, path: string, end: EndBudget, asked?: number) {
    const { kind, limit, spent, currency, topSpender } = budget;
    const what = asked === undefined ? 'is exceeded' : `has no room for ${asked}`;
    const used = `${spent} of ${limit}${currency === undefined ? '' : ` ${currency}`} spent`;
    const most = topSpender === undefined ? '' : `, most by '${topSpender}'`;
    const problem = `The budget for ${kind} at '${budget.path}' ${what}: ${used}${asked === undefined ? '' : ' or reserved'}${most}.`;
    super('BUDGET_EXCEEDED', { path, problem, remedy: 'Raise the limit, or spend less.' });
    this.budget = Object.freeze({ ...budget });
    this.reason = Object.freeze({ kind: 'budget', message: problem, path });
    this.#end = end;
    this.#asked = asked;
  }

  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'BudgetExceededError' });
    this.prototype.name = 'BudgetExceededError';
    endBudgetOf = (error, below) => {
      error.#end(error, below);
    };
    exceededAgain = (error) =>
      new BudgetExceededError(error.budget, error.path ?? '', error.#end, error.#asked);
  }
}
