/** One thing that must be true of every store, or of every sink. */
export interface ConformanceCase {
  /** What must be true, as a sentence. */
  readonly name: string;
  /** Makes a store, tries it, and closes it; rejects with an `AssertionError` that says what was not so. */
  readonly run: () => Promise<void>;
}
