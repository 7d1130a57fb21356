/** Takes items of one source in one execution as long as it has room for them. */
export interface Room {
  /** Whether the work that a push gave says that there is no room now. */
  isFull(pushed: PromiseLike<unknown> | undefined): boolean;
  /**
   * Has items pushed whenever there is room, without a promise for each.
   *
   * @param refill pushes items until there is no room, or until something else must be done first: then it gives false.
   * @returns settles once `refill` has given false.
   */
  keepFull(refill: () => boolean): Promise<void>;
}
