/** Items that came within one stretch of time, or one after the other; what the operator `window` gives. */
export interface Window<out T, out TKey = undefined, out TBound = number> {
  /** The items, in the order in which they came; sessions that became one stand one behind the other. */
  readonly items: readonly T[];
  /** The key that they share; undefined without `key`. */
  readonly key: TKey;
  /** Where the window begins, in milliseconds since the epoch; undefined for one of a number of items. */
  readonly start: TBound;
  /** Where it ends: the first millisecond that is not part of it. */
  readonly end: TBound;
}

/** Marks an operator that gives windows of the items that it gets; exists at compile time only. */
export interface WindowShape<out TKey, out TBound> {
  /** @hidden */
  readonly key: TKey;
  /** @hidden */
  readonly bound: TBound;
}
