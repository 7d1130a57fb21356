import type { PipelineError } from '../../errors/pipeline-error.js';
import { UNKNOWN_OUTPUT } from '../../lineage/item-trace.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Contributors, TracedItem } from '../../lineage/traced-item.js';
import type { LineageOutcome } from '../../ports/lineage-sink.js';
import type { Execution } from '../execution/execution.js';
import { allEnded } from '../stages/fan-out-stage.js';
import { endTrace } from '../stages/item-end.js';
import type { NodeStage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** Most inputs that a lineage record names for one output. When twice as many traces are held, the older half ends. */
const MOST_FOLLOWED = 10_000;

/** Most inputs that are named again by each of several outputs made of them. */
const MOST_NAMED_AGAIN = 100;

/** How the stream of a transform ended; decides how the items count that it took since its last output. */
export type StreamEnd = 'ended' | 'left' | 'failed' | 'cancelled';

/**
 * The items that a stream transform has taken since its last output.
 *
 * Only the transform's code knows which inputs led to an output, so each output, or a normal end, counts for all items
 * taken so far. If the execution fails or is cancelled before that, these items are lost.
 */
export class HeldItems {
  #count = 0;
  /** Traces of the latest items, if lineage is recorded. */
  #traces: ItemTrace[] = [];
  /** What the next output is made of, if nothing is taken before it. */
  #madeOf: Contributors = { ids: [], count: 0 };
  /** Those that the next output is made of; their ids may not be known before that. */
  #contributors: TracedItem[] = [];
  /** What follows an item of a composite in its child: the last such item taken. */
  latestInner: ItemTrace | undefined;

  constructor(private readonly stage: NodeStage) {}

  /** Records an item that the transform's code has received. */
  take(execution: Execution, trace: ItemTrace | undefined): Work {
    this.#count += 1;
    if (trace === undefined) return undefined;
    const told = trace.pass(this.stage.site, execution.frame, 1, 1, UNKNOWN_OUTPUT);
    // Many items are held, perhaps until the run ends.
    trace.settle();
    if (trace.isInner) this.latestInner = trace;
    else {
      this.#contributors.push(trace.item);
      if (this.#contributors.length > 2 * MOST_FOLLOWED) this.#contributors.splice(0, MOST_FOLLOWED);
    }
    this.#traces.push(trace);
    if (this.#traces.length <= 2 * MOST_FOLLOWED) return told;
    // Memory is bounded: the oldest traces end here.
    const old = this.#traces.splice(0, MOST_FOLLOWED);
    return allEnded([told, ...old.map((each) => this.#end(execution, each, 'aggregated'))]);
  }

  /** Returns the items since the last output, or if there are none, those that the last output was made of. */
  takeContributors(): Contributors {
    if (this.#count === 0) return this.#madeOf;
    const ids = this.#contributors.slice(-MOST_FOLLOWED).map(({ id }) => id);
    this.#madeOf = { ids: Object.freeze(ids), count: this.#count };
    this.#contributors = [];
    return this.#madeOf;
  }

  /** Notes the trace of an output. Further outputs of the same many items name this one in their place. */
  made({ correlationId }: ItemTrace): void {
    if (this.#madeOf.ids.length > MOST_NAMED_AGAIN)
      this.#madeOf = { ids: Object.freeze([correlationId]), count: 1 };
  }

  /** Counts the items as `out`: they led to an output, or the stream ended normally. */
  credit(execution: Execution): Work {
    this.stage.counter(execution).out += this.#count;
    this.#count = 0;
    return this.#endAll(execution, 'aggregated');
  }

  /** Counts the items that led to no output, by how the stream ended, and ends their traces. */
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
    this.stage.cancelled(execution, count - failed);
    const last = failed === 1 ? this.#traces.pop() : undefined;
    const ended = last && this.#end(execution, last, 'error', execution.failure);
    return allEnded([ended, this.#endAll(execution, 'dropped')]);
  }

  #endAll(execution: Execution, outcome: LineageOutcome): Work {
    if (this.#traces.length === 0) return undefined;
    const works = this.#traces.map((trace) => this.#end(execution, trace, outcome));
    this.#traces = [];
    return allEnded(works);
  }

  #end(execution: Execution, trace: ItemTrace, outcome: LineageOutcome, error?: PipelineError): Work {
    // In a child for an item the outputs are branches of that item.
    if (trace.isInner && outcome === 'aggregated') return trace.leave();
    return endTrace(execution, this.stage, trace, outcome, 1, error);
  }
}
