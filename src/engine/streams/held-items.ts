import type { ItemTrace } from '../../lineage/item-trace.js';
import type { LineageOutcome } from '../../ports/lineage-sink.js';
import type { Execution } from '../execution/execution.js';
import { endTrace, settleRecord } from '../stages/item-end.js';
import type { NodeStage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** A record names so many inputs of one output at the most, and so many items are followed while they are held. */
const MOST_FOLLOWED = 10_000;

/** How the stream of a transform ended, as far as the items are concerned that it has not given back. */
export type StreamEnd = 'ended' | 'left' | 'failed' | 'cancelled';

/**
 * The items that a stream transform has taken since its last output.
 *
 * Nobody but the transform's code knows what becomes of them: each output, and its normal end, is taken for what all
 * of them have led to. When the execution ends before that, they are lost with it.
 */
export class HeldItems {
  #count = 0;
  /** The traces of the latest, where items are followed. */
  #traces: ItemTrace[] = [];
  #contributors: string[] = [];
  /** The trace of the item taken last. */
  latest: ItemTrace | undefined;

  constructor(private readonly stage: NodeStage) {}

  /** Notes an item that the code has been given; a promise is the lineage sink's. */
  take(execution: Execution, trace: ItemTrace | undefined): void {
    this.#count += 1;
    if (trace === undefined) return;
    trace.pass(this.stage.place(execution), 1, 1);
    this.latest = trace;
    if (this.#contributors.length < MOST_FOLLOWED) this.#contributors.push(trace.correlationId);
    this.#traces.push(trace);
    // The eldest are not followed any further.
    if (this.#traces.length > 2 * MOST_FOLLOWED)
      for (const old of this.#traces.splice(0, MOST_FOLLOWED)) void this.#end(execution, old, 'aggregated');
  }

  /** The ids of the items that the next output is made of; they are named once. */
  takeContributors(): readonly string[] {
    const contributors = this.#contributors;
    this.#contributors = [];
    return contributors;
  }

  /** The items have led to an output, or the stream has ended as it should. */
  credit(execution: Execution): Work {
    this.stage.counter(execution).out += this.#count;
    this.#count = 0;
    return this.#endAll(execution, 'aggregated');
  }

  /** Ends the items that have led to nothing. */
  end(execution: Execution, how: StreamEnd): Work {
    if (how === 'ended') return this.credit(execution);
    const counter = this.stage.counter(execution);
    const count = this.#count;
    this.#count = 0;
    if (how === 'left') {
      counter.filtered += count;
      return this.#endAll(execution, 'filtered');
    }
    const failed = how === 'failed' && count > 0 ? 1 : 0;
    counter.failed += failed;
    counter.cancelled += count - failed;
    const last = failed === 1 ? this.#traces.pop() : undefined;
    // In a child the composite around it decides how the item ends.
    if (last !== undefined && execution.frame.parent === undefined) void this.#end(execution, last, 'error');
    return this.#endAll(execution, 'dropped');
  }

  #endAll(execution: Execution, outcome: LineageOutcome): Work {
    if (this.#traces.length === 0) return undefined;
    const works = this.#traces.map((trace) => this.#end(execution, trace, outcome));
    this.#traces = [];
    const pending = works.filter((work) => work !== undefined);
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined);
  }

  #end(execution: Execution, trace: ItemTrace, outcome: LineageOutcome): Work {
    // In a child its item goes on as what the transform gives.
    if (trace.isInner && outcome === 'aggregated')
      return settleRecord(execution, this.stage, () => trace.release());
    return endTrace(execution, this.stage, trace, outcome);
  }
}
