import { roundedAmount } from './money.js';

/** Fraction of a money limit by which sums may pass the limit. Binary fractions do not add up exactly. */
const MONEY_TOLERANCE = 1e-9;

/** The spent and reserved amounts of one kind in one scope, with the spending per path. */
export class BudgetAccount {
  readonly limit: number;
  readonly #ceiling: number;
  readonly #rounded: (sum: number) => number;
  /** Spent amount per path; kept only if there is a limit, whose error names the top spender. */
  readonly #byPath: Map<string, number> | undefined;
  #spent = 0;
  #reserved = 0;

  constructor(limit: number | undefined, isMoney: boolean) {
    this.limit = limit ?? Infinity;
    this.#ceiling = isMoney ? this.limit * (1 + MONEY_TOLERANCE) : this.limit;
    this.#rounded = isMoney ? roundedAmount : Number;
    this.#byPath = limit === undefined ? undefined : new Map();
  }

  get spent(): number {
    return this.#rounded(this.#spent);
  }

  get used(): number {
    return this.#rounded(this.#spent + this.#reserved);
  }

  get left(): number {
    return Math.max(0, this.#rounded(this.limit - this.used));
  }

  get isPassed(): boolean {
    return this.#spent > this.#ceiling;
  }

  get topSpender(): string | undefined {
    let top: string | undefined;
    let most = 0;
    for (const [path, spent] of this.#byPath ?? []) if (spent > most) [top, most] = [path, spent];
    return top;
  }

  spend(path: string, amount: number): void {
    this.#spent += amount;
    this.#byPath?.set(path, (this.#byPath.get(path) ?? 0) + amount);
  }

  hasRoomFor(amount: number): boolean {
    return this.#spent + this.#reserved + amount <= this.#ceiling;
  }

  /** @param amount amount to reserve; a negative one is given back. */
  reserve(amount: number): void {
    this.#reserved = Math.max(0, this.#reserved + amount);
  }
}
