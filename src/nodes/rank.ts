import { types } from 'node:util';
import { atOnce, misanswered } from './callbacks.js';

/** What items can be sorted by. */
export type Rank = string | number | bigint | Date;

/** Finds what an item is sorted by, and sees to it that all items give the same kind of it. */
export class RankOf {
  #kind: string | undefined;

  /**
   * @param callback which one gives it, for the message: `'by' of sortWithin`.
   * @param isTime true if it must be a time.
   */
  constructor(
    private readonly by: (item: unknown) => unknown,
    private readonly callback: string,
    private readonly isTime: boolean,
  ) {}

  /** @throws {@link ItemRefusal} `OPTION_INVALID` for what cannot be compared with what came before. */
  item(item: unknown): string | number | bigint {
    const rank = atOnce(this.by(item), this.callback);
    const isDate = types.isDate(rank);
    const found: unknown = isDate ? Date.prototype.getTime.call(rank) : rank;
    const kind = isDate ? 'Date' : typeof found;
    const expected =
      this.#kind ?? (this.isTime ? 'valid Date or finite number' : 'number, bigint, text or valid Date');
    if (this.#kind !== undefined && kind !== this.#kind)
      throw misanswered(this.callback, `${expected}, as before`);
    if (!isRank(found) || (this.isTime && (typeof found !== 'number' || !Number.isFinite(found))))
      throw misanswered(this.callback, expected);
    this.#kind = kind;
    return found;
  }
}

function isRank(found: unknown): found is string | number | bigint {
  return typeof found === 'number'
    ? !Number.isNaN(found)
    : typeof found === 'string' || typeof found === 'bigint';
}
