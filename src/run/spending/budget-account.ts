import { roundedAmount } from './money.js';

/** How far sums of money may pass a limit, as a part of it: binary fractions do not add up exactly. */
const MONEY_TOLERANCE = 1e-9;

/** What is spent and reserved of one kind in one scope, and by whom. */
export class BudgetAccount {
  readonly limit: number;
  readonly #ceiling: number;
  readonly #rounded: (sum: number) => number;
  /** Kept only where there is a limit: nobody asks for the top spender elsewhere. */
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

  /** @param amount below 0 gives back. */
  reserve(amount: number): void {
    this.#reserved = Math.max(0, this.#reserved + amount);
  }
}
