/** Limits how many items of a source may be in a stage at once, in one execution. */
export interface Room {
  /** True if the promise that a push returned means 'no room now', and nothing else. */
  isFull(pushed: PromiseLike<unknown> | undefined): boolean;
  /**
   * Calls `refill` whenever there is room, so that no promise is needed per item.
   *
   * @param refill pushes items until there is no room and returns true; returns false if the source must do something else.
   * @returns a promise that settles once `refill` has returned false.
   */
  keepFull(refill: () => boolean): Promise<void>;
}
