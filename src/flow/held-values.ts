import type { Gathering, Pane } from './pane.js';

/** The callbacks of an aggregate. */
export interface Folding {
  readonly seed: () => unknown;
  readonly step: (value: unknown, item: unknown) => unknown;
  readonly merge: ((earlier: unknown, later: unknown) => unknown) | undefined;
  readonly finish: (value: unknown) => unknown;
}

/** A window holds a value. */
export class ValueAlone implements Gathering {
  constructor(private readonly folding: Folding) {}

  begin(): unknown {
    return this.folding.seed();
  }

  step(held: unknown, item: unknown): unknown {
    return this.folding.step(held, item);
  }

  keep(): void {
    // The value is all that is held.
  }

  merge(earlier: unknown, later: unknown): unknown {
    return this.folding.merge?.(earlier, later);
  }

  result({ key, held, start, end }: Pane): unknown {
    return result({ key, start, end }, this.folding.finish(held));
  }
}

/** A value, and the items that it was made of. */
interface ValueOfItems {
  readonly value: unknown;
  readonly items: unknown[];
}

/** A window holds its items, too, since it may have to be joined to an earlier one without a `merge`. */
export class ItemsBehindValue implements Gathering {
  constructor(private readonly folding: Folding) {}

  begin(): ValueOfItems {
    return { value: this.folding.seed(), items: [] };
  }

  step(held: unknown, item: unknown): ValueOfItems {
    const { value, items } = held as ValueOfItems;
    return { value: this.folding.step(value, item), items };
  }

  keep(held: unknown, item: unknown): void {
    (held as ValueOfItems).items.push(item);
  }

  merge(earlier: unknown, later: unknown): ValueOfItems {
    const [one, other] = [earlier as ValueOfItems, later as ValueOfItems];
    const value = other.items.reduce((so, item) => this.folding.step(so, item), one.value);
    return { value, items: [...one.items, ...other.items] };
  }

  result({ key, held, start, end }: Pane): unknown {
    return result({ key, start, end }, this.folding.finish((held as ValueOfItems).value));
  }
}

function result({ key, start, end }: Pick<Pane, 'key' | 'start' | 'end'>, value: unknown): unknown {
  return start === undefined ? { key, value } : { key, value, start, end };
}
