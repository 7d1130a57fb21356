import type { ItemTrace } from '../../lineage/item-trace.js';
import { Pacer } from '../../run/ending/pacer.js';
import type { Execution } from '../execution/execution.js';
import type { Stage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** The outputs of one child, held back until the child has succeeded. */
export class HeldOutputs {
  constructor(private readonly items: readonly unknown[]) {}

  get count(): number {
    return this.items.length;
  }

  /** Pushes the outputs into the next stage, in order. */
  emit(next: Stage, execution: Execution, trace: ItemTrace | undefined): Work {
    trace?.split(this.items.length - 1);
    const pacer = new Pacer();
    for (let index = 0; index < this.items.length; index += 1) {
      const pushed =
        next.push(execution, this.items[index], trace) ?? (pacer.isDue() ? pacer.yield() : undefined);
      if (pushed !== undefined) return this.#emitAfter(pushed, next, execution, index + 1, trace);
    }
    return undefined;
  }

  async #emitAfter(
    pending: Promise<void>,
    next: Stage,
    execution: Execution,
    first: number,
    trace: ItemTrace | undefined,
  ): Promise<void> {
    await pending;
    const pacer = new Pacer();
    for (let index = first; index < this.items.length; index += 1) {
      const pushed = next.push(execution, this.items[index], trace);
      if (pushed !== undefined) await pushed;
      if (pacer.isDue()) await pacer.yield();
    }
  }
}
