/** Code that all plans share, until it is used so often at one place that it is written out for that place. */
export class WrittenOut<TCode> {
  #code: TCode;
  #usesLeft: number;

  /**
   * @param shared what does the same for all plans.
   * @param after how often it is used before it is written out: less would not pay for compiling it. Infinity: never.
   * @param write writes it out; undefined where that cannot be.
   */
  constructor(
    private readonly shared: TCode,
    after: number,
    private readonly write: () => TCode | undefined,
  ) {
    this.#code = shared;
    this.#usesLeft = Number.isFinite(after) ? after + 1 : 0;
  }

  /** The code for one use. */
  get code(): TCode {
    return this.codeFor(1);
  }

  /** The code for several items in one use. */
  codeFor(items: number): TCode {
    if (this.#usesLeft > 0) this.#count(items);
    return this.#code;
  }

  #count(uses: number): void {
    this.#usesLeft -= uses;
    if (this.#usesLeft <= 0) this.#code = this.write() ?? this.shared;
  }
}
