import type { PipelineError } from '../../errors/pipeline-error.js';
import type { LossKind } from '../../resilience/tolerance.js';
import { MOST_SHOWN } from './failures.js';

/** An item that is lost while its execution goes on. */
export interface Loss {
  readonly kind: LossKind;
  readonly error: PipelineError;
  /** How often the item was tried. */
  readonly attempts: number;
}

type LossTotals = Record<LossKind, number>;

/** Items that are lost: the first 100 as they are, of all how many. */
export interface LostItems {
  readonly shown: readonly Loss[];
  readonly totals: Readonly<LossTotals>;
}

/** One lost item. */
export function lostItem(loss: Loss): LostItems {
  return { shown: [loss], totals: { ...none, [loss.kind]: 1 } };
}

/** The items that one execution has lost so far, those lost in its children included. */
export class Losses implements LostItems {
  readonly shown: Loss[] = [];
  readonly totals: LossTotals = { ...none };
  readonly #byNode = new Map<number, LossTotals>();

  /** @param node the node of this execution: that lost the items, or that has them lost in its child. */
  add({ shown, totals }: LostItems, node: number): void {
    this.shown.push(...shown.slice(0, MOST_SHOWN - this.shown.length));
    addTo(this.totals, totals);
    const ofNode = this.#byNode.get(node) ?? { ...none };
    this.#byNode.set(node, ofNode);
    addTo(ofNode, totals);
  }

  /** How many items of some kinds are lost, of all nodes or of one. */
  count(kinds: readonly LossKind[], node?: number): number {
    const totals = node === undefined ? this.totals : (this.#byNode.get(node) ?? none);
    return kinds.reduce((sum, kind) => sum + totals[kind], 0);
  }

  /** The errors of some kinds, of the items that are shown. */
  errors(kinds: readonly LossKind[]): readonly PipelineError[] {
    return this.shown.filter(({ kind }) => kinds.includes(kind)).map(({ error }) => error);
  }
}

const none: Readonly<LossTotals> = Object.freeze({ failed: 0, deadLettered: 0, skipped: 0 });

function addTo(totals: LossTotals, more: Readonly<LossTotals>): void {
  totals.failed += more.failed;
  totals.deadLettered += more.deadLettered;
  totals.skipped += more.skipped;
}
