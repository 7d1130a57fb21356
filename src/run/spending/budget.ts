import { isError, isInstanceOf, readProperty } from '../../data/foreign-value.js';
import { BudgetExceededError, endBudgetOf } from '../../errors/budget-exceeded-error.js';
import type { BudgetKind } from '../../errors/budget-exceeded-error.js';
import { MAX_CAUSES } from '../../ports/error-record.js';
import { BudgetAccount } from './budget-account.js';
import type { BudgetLimits } from './budget-limits.js';
import type { CostEntry } from './cost-entry.js';
import type { Reservation } from './reservation.js';
import { budgetKinds, checkSpending, partsOf } from './spending.js';
import type { BudgetSpent, Part, Spending } from './spending.js';

/**
 * The budget of one scope; spending counts in this budget and in all budgets above.
 *
 * A passed limit ends the scope once. Later spending is still counted, and throws the same error again.
 */
export class Budget {
  readonly limits: BudgetLimits | undefined;
  readonly path: string;
  readonly above: Budget | undefined;
  readonly #end: (error: BudgetExceededError) => void;
  /** Made at the first spending or reservation. */
  #accounts: Record<BudgetKind, BudgetAccount> | undefined;
  #chain: readonly Budget[] | undefined;
  #error: BudgetExceededError | undefined;

  /**
   * @param limits valid limits, used without a copy, so they must never change; see `limitsOf`.
   * @param end called once, to end the scope.
   */
  constructor(
    limits: BudgetLimits | undefined,
    path: string,
    above: Budget | undefined,
    end: (error: BudgetExceededError) => void,
  ) {
    this.limits = limits;
    this.path = path;
    this.above = above;
    this.#end = end;
  }

  /**
   * Ends the scope of a budget that refused a reservation, after the error has left a node.
   *
   * @param thrown the error that left the node; ignored unless it, or a cause of it, comes from this budget or one above.
   */
  endBy(thrown: unknown): void {
    let cause = thrown;
    // Other libraries may have wrapped the error, so its causes are searched.
    for (let depth = 0; depth < MAX_CAUSES && isError(cause); depth += 1) {
      if (isInstanceOf(cause, BudgetExceededError)) endBudgetOf(cause, this);
      cause = readProperty(cause, 'cause');
    }
  }

  /** The nearest budget with limits, from this one upwards; without any, the budget of the run. */
  get nearest(): Budget {
    return this.limits === undefined && this.above !== undefined ? this.above.nearest : this;
  }

  get spent(): BudgetSpent {
    const spent = (kind: BudgetKind): number => this.#accounts?.[kind].spent ?? 0;
    const currency = this.limits?.money?.currency;
    return Object.freeze({
      tokens: spent('tokens'),
      calls: spent('calls'),
      items: spent('items'),
      ...(currency === undefined ? {} : { money: Object.freeze({ amount: spent('money'), currency }) }),
    });
  }

  /**
   * Charges this budget and those above, then ends each scope whose limit is passed, outermost first.
   *
   * @throws {@link BudgetExceededError} when a limit is passed; the error of the outermost scope.
   */
  spend(path: string, spending: Spending): void {
    for (const [kind, amount, currency] of partsOf(spending)) this.#add(path, kind, amount, currency);
    const error = this.#endPassed(path);
    if (error !== undefined) throw error;
  }

  /**
   * Charges an entry of the cost ledger.
   *
   * @throws {@link BudgetExceededError} as {@link spend} does.
   */
  charge(entry: CostEntry): void {
    const { amount, currency } = entry;
    this.spend(entry.path, {
      tokens: entry.inputTokens + entry.outputTokens,
      calls: entry.calls,
      money: amount === null || currency === null ? undefined : { amount, currency },
    });
  }

  /** Counts items that enter, here and above; returns the error that {@link spend} would throw. */
  enter(path: string, count = 1): BudgetExceededError | undefined {
    this.#add(path, 'items', count);
    return this.#endPassed(path);
  }

  /** Counts an item that enters this scope from the scope around, where it has been counted before. */
  admit(path: string): BudgetExceededError | undefined {
    this.#opened.items.spend(path, 1);
    return this.#endPassed(path);
  }

  /** True if this budget or one above limits the number of items. */
  get limitsItems(): boolean {
    return this.#scopes.some(({ limits }) => limits?.items !== undefined);
  }

  /**
   * Reserves a request in this budget and in those above: the whole request, or nothing.
   *
   * @throws {@link BudgetExceededError} when a budget has no room; the error of the outermost one, and no scope ends.
   * @throws {@link PipelineError} `OPTION_INVALID` when the request is wrong.
   */
  reserve(path: string, request: Spending): Reservation {
    checkSpending('budget.reserve', request, path);
    const parts = partsOf(request);
    const refused = this.#refusal(path, parts);
    if (refused !== undefined) throw refused;
    this.#hold(parts, 1);
    let isOpen = true;
    const release = (): void => {
      if (isOpen) this.#hold(parts, -1);
      isOpen = false;
    };
    const { tokens, calls, money } = request;
    return {
      settle: (actual = {}) => {
        checkSpending('reservation.settle', actual, path);
        if (!isOpen) return;
        release();
        this.spend(path, {
          tokens: actual.tokens ?? tokens,
          calls: actual.calls ?? calls,
          money: actual.money ?? money,
        });
      },
      release,
      [Symbol.dispose]: release,
    };
  }

  /** The amount left here and above, Infinity without a limit. Money in the currency of the nearest money limit. */
  remaining(kind: BudgetKind): number {
    const currency = kind === 'money' ? this.#currency : undefined;
    return Math.min(
      ...this.#scopes
        .filter((scope) => scope.#counts(currency))
        .map((scope) => scope.#accounts?.[kind].left ?? scope.#limit(kind) ?? Infinity),
    );
  }

  /** The amounts left, as limits for a run in another process; undefined without any limit. */
  left(): BudgetLimits | undefined {
    const currency = this.#currency;
    const limited = budgetKinds.flatMap((kind) => {
      const amount = this.remaining(kind);
      return amount === Infinity ? [] : [[kind, kind === 'money' ? { amount, currency } : amount] as const];
    });
    return limited.length === 0 ? undefined : Object.fromEntries(limited);
  }

  /** This budget and all above, the outermost first. */
  get #scopes(): readonly Budget[] {
    return (this.#chain ??= this.above === undefined ? [this] : [...this.above.#scopes, this]);
  }

  /** The currency of the nearest money limit, here or above. */
  get #currency(): string | undefined {
    return this.limits?.money?.currency ?? (this.above === undefined ? undefined : this.above.#currency);
  }

  get #opened(): Record<BudgetKind, BudgetAccount> {
    const account = (kind: BudgetKind): BudgetAccount =>
      new BudgetAccount(this.#limit(kind), kind === 'money');
    return (this.#accounts ??= {
      tokens: account('tokens'),
      calls: account('calls'),
      items: account('items'),
      money: account('money'),
    });
  }

  #limit(kind: BudgetKind): number | undefined {
    return kind === 'money' ? this.limits?.money?.amount : this.limits?.[kind];
  }

  /** True if spending counts here. Only money in a currency that this budget does not limit does not count. */
  #counts(currency: string | undefined): boolean {
    return currency === undefined || currency === this.limits?.money?.currency;
  }

  #add(path: string, kind: BudgetKind, amount: number, currency?: string): void {
    for (const scope of this.#scopes) {
      if (scope.#counts(currency)) scope.#opened[kind].spend(path, amount);
    }
  }

  #hold(parts: readonly Part[], sign: 1 | -1): void {
    for (const scope of this.#scopes) {
      if (scope.limits === undefined) continue;
      for (const [kind, amount, currency] of parts) {
        if (scope.#counts(currency)) scope.#opened[kind].reserve(sign * amount);
      }
    }
  }

  #refusal(path: string, parts: readonly Part[]): BudgetExceededError | undefined {
    for (const scope of this.#scopes) {
      if (scope.limits === undefined) continue;
      for (const [kind, amount, currency] of parts) {
        if (scope.#counts(currency) && !scope.#opened[kind].hasRoomFor(amount)) {
          return scope.#exceeded(kind, path, amount);
        }
      }
    }
    return undefined;
  }

  #endPassed(path: string): BudgetExceededError | undefined {
    let outermost: BudgetExceededError | undefined;
    for (const scope of this.#scopes) {
      const accounts = scope.limits && scope.#accounts;
      const kind = accounts && budgetKinds.find((each) => accounts[each].isPassed);
      if (kind === undefined) continue;
      if (scope.#error === undefined) scope.#finish(scope.#exceeded(kind, path));
      outermost ??= scope.#error;
    }
    return outermost;
  }

  #exceeded(kind: BudgetKind, path: string, asked?: number): BudgetExceededError {
    const { limit, spent, used, topSpender } = this.#opened[kind];
    const currency = kind === 'money' ? this.limits?.money?.currency : undefined;
    const budget = {
      ...{ kind, limit, spent: asked === undefined ? spent : used, path: this.path, topSpender },
      ...(currency === undefined ? {} : { currency }),
    };
    const end = (error: BudgetExceededError, below: object): void => {
      if (below instanceof Budget && below.#scopes.includes(this)) this.#finish(error);
    };
    return new BudgetExceededError(budget, path, end, asked);
  }

  #finish(error: BudgetExceededError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#end(error);
  }
}
