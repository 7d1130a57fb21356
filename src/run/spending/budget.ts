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
 * The accounts of one scope: what is spent in it counts there and in every scope above.
 *
 * Ending a scope happens once: spending on throws the same error again, and everything is still counted.
 */
export class Budget {
  readonly limits: BudgetLimits | undefined;
  readonly path: string;
  readonly above: Budget | undefined;
  readonly #end: (error: BudgetExceededError) => void;
  /** Made when first spent or reserved. */
  #accounts: Record<BudgetKind, BudgetAccount> | undefined;
  #chain: readonly Budget[] | undefined;
  #error: BudgetExceededError | undefined;

  /**
   * @param limits are taken as they are: valid and never changed, see `limitsOf`.
   * @param end ends the scope; called once.
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

  /** Ends the scope of the budget that refused, where the error of a reservation has left a node that spends from this one. */
  endBy(thrown: unknown): void {
    let cause = thrown;
    // Libraries wrap what they let through.
    for (let depth = 0; depth < MAX_CAUSES && isError(cause); depth += 1) {
      if (isInstanceOf(cause, BudgetExceededError)) endBudgetOf(cause, this);
      cause = readProperty(cause, 'cause');
    }
  }

  /** This one or the nearest above that limits something, else that of the run. */
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
   * Charges here and above, then ends every scope whose limit is passed, the outermost first.
   *
   * @throws {@link BudgetExceededError} of the outermost of these scopes.
   */
  spend(path: string, spending: Spending): void {
    for (const [kind, amount, currency] of partsOf(spending)) this.#add(path, kind, amount, currency);
    const error = this.#endPassed(path);
    if (error !== undefined) throw error;
  }

  /**
   * Charges what was booked in the cost ledger.
   *
   * @throws {@link BudgetExceededError} like {@link spend}.
   */
  charge(entry: CostEntry): void {
    const { amount, currency } = entry;
    this.spend(entry.path, {
      tokens: entry.inputTokens + entry.outputTokens,
      calls: entry.calls,
      money: amount === null || currency === null ? undefined : { amount, currency },
    });
  }

  /** Counts items that enter, like {@link spend}, but gives the error instead of throwing it. */
  enter(path: string, count = 1): BudgetExceededError | undefined {
    this.#add(path, 'items', count);
    return this.#endPassed(path);
  }

  /** Counts an item that enters this scope from one around it: what is above has it already. */
  admit(path: string): BudgetExceededError | undefined {
    this.#opened.items.spend(path, 1);
    return this.#endPassed(path);
  }

  /** Whether anything limits the items that enter, here or above. */
  get limitsItems(): boolean {
    return this.#scopes.some(({ limits }) => limits?.items !== undefined);
  }

  /**
   * Keeps a part free, here and above, or nothing at all.
   *
   * @throws {@link BudgetExceededError} of the outermost budget that has no room; no scope ends by it.
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

  /** What is left here and above: of money, in the nearest currency that is limited; Infinity where nothing limits. */
  remaining(kind: BudgetKind): number {
    const currency = kind === 'money' ? this.#currency : undefined;
    return Math.min(
      ...this.#scopes
        .filter((scope) => scope.#counts(currency))
        .map((scope) => scope.#accounts?.[kind].left ?? scope.#limit(kind) ?? Infinity),
    );
  }

  /** What is left as limits for a run elsewhere; undefined where nothing limits. */
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

  /** The nearest currency that is limited. */
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

  /** Whether a part counts here: all but money of a currency that is not limited here. */
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
