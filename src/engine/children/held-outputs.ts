import { UNKNOWN_OUTPUT } from '../../lineage/item-trace.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import { ItemOutputs } from '../../lineage/item-outputs.js';
import { Pacer } from '../../run/ending/pacer.js';
import type { Execution } from '../execution/execution.js';
import type { ItemLink } from '../execution/item-link.js';
import type { NodeStage } from '../stages/stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** The outputs of one child, held back until the child has succeeded. */
export class HeldOutputs {
  /**
   * @param attempts how often the composite has tried.
   * @param link joins the child to its item; undefined for outputs of something else.
   */
  constructor(
    private readonly items: readonly unknown[],
    private readonly attempts: number,
    private readonly link?: ItemLink<unknown>,
  ) {}

  /** The one output that was kept of a child; those that have left are not known. */
  static onlyOf(kept: unknown): unknown {
    return Array.isArray(kept) ? kept[0] : UNKNOWN_OUTPUT;
  }

  get count(): number {
    return this.items.length;
  }

  /** Pushes the outputs into the stage behind a composite, in order. */
  emit(stage: NodeStage, execution: Execution, trace: ItemTrace | undefined): Work {
    const outputs =
      trace === undefined || this.items.length === 1
        ? undefined
        : new ItemOutputs(stage.site, execution.frame, trace, this.link?.inner, true);
    const emitted = this.#emit(stage, execution, trace, outputs);
    return outputs === undefined ? emitted : after(emitted, () => outputs.end(this.attempts));
  }

  #emit(
    stage: NodeStage,
    execution: Execution,
    trace: ItemTrace | undefined,
    outputs: ItemOutputs | undefined,
  ): Work {
    const pacer = new Pacer();
    for (let index = 0; index < this.items.length; index += 1) {
      const pushed =
        this.#push(stage, execution, index, trace, outputs) ?? (pacer.isDue() ? pacer.yield() : undefined);
      if (pushed !== undefined)
        return this.#emitAfter(pushed, (at) => this.#push(stage, execution, at, trace, outputs), index + 1);
    }
    return undefined;
  }

  async #emitAfter(pending: Promise<void>, push: (at: number) => Work, first: number): Promise<void> {
    await pending;
    const pacer = new Pacer();
    for (let index = first; index < this.items.length; index += 1) {
      const pushed = push(index);
      if (pushed !== undefined) await pushed;
      if (pacer.isDue()) await pacer.yield();
    }
  }

  #push(
    stage: NodeStage,
    execution: Execution,
    at: number,
    trace: ItemTrace | undefined,
    outputs: ItemOutputs | undefined,
  ): Work {
    const item = this.items[at];
    return stage.next.push(execution, item, outputs?.next(item, this.#branchOf(at)) ?? trace);
  }

  /** What has followed an output out of the child; undefined where `combine` has left others out. */
  #branchOf(at: number): ItemTrace | undefined {
    const branches = this.link?.branches;
    return branches?.length === this.items.length ? branches[at] : undefined;
  }
}
