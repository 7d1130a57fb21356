import type { ItemTrace } from '../../lineage/item-trace.js';
import { RunCancelledError } from '../../errors/run-cancelled-error.js';
import type { Execution } from '../execution/execution.js';
import { Handover } from './handover.js';
import { dropItem, endTrace } from '../stages/item-end.js';
import type { NodeCode } from '../stages/node-code.js';
import { NodeStage } from '../stages/stage.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** The stream through one node in one execution. */
export interface OpenStream {
  readonly items: Handover;
  /** Settles when the node's code has ended and all its outputs have been taken; never rejects. */
  ended: Promise<void>;
}

/** Passes the whole stream to a node, which asks for one item after the other. */
export abstract class StreamStage<TStream extends OpenStream> extends NodeStage {
  constructor(
    site: StageSite,
    readonly code: NodeCode,
    private readonly streamSlot: number,
  ) {
    super(site);
  }

  /** Makes the state that the node keeps for its stream. */
  protected abstract open(items: Handover): TStream;

  /** Runs the node's code to its end, and passes its outputs on; never rejects. */
  protected abstract run(execution: Execution, stream: TStream): Promise<void>;

  /** Offers an item to the node's code. */
  protected abstract offer(
    execution: Execution,
    stream: TStream,
    item: unknown,
    trace: ItemTrace | undefined,
  ): Work;

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    this.counter(execution).in += 1;
    if (execution.isHalted) return dropItem(execution, this, trace);
    return this.offer(execution, this.#stream(execution), item, trace);
  }

  override end(execution: Execution): Work {
    const known = execution.states[this.streamSlot] as TStream | undefined;
    if (known === undefined && execution.isHalted) return this.next.end(execution);
    const stream = known ?? this.#stream(execution);
    if (execution.isHalted) stream.items.abort(stopReason(execution));
    else stream.items.end();
    return stream.ended;
  }

  override get relay(): undefined {
    return undefined;
  }

  override isClosed(execution: Execution): boolean {
    const stream = execution.states[this.streamSlot] as TStream | undefined;
    return stream?.items.isClosed === true || super.isClosed(execution);
  }

  #stream(execution: Execution): TStream {
    const known = execution.states[this.streamSlot] as TStream | undefined;
    if (known !== undefined) return known;
    const items = new Handover(() => {
      execution.run.streamLeft();
    });
    const stream = this.open(items);
    execution.states[this.streamSlot] = stream;
    stream.ended = this.run(execution, stream);
    return stream;
  }

  /** Counts an item as filtered that the node's code did not take before it stopped reading. */
  protected refused(execution: Execution, trace: ItemTrace | undefined): Work {
    this.counter(execution).filtered += 1;
    return endTrace(execution, this, trace, 'filtered');
  }
}

/** The error that a stream node gets when it asks for an item after a failure or cancel. */
export function stopReason(execution: Execution): Error {
  const { path, scope } = execution.frame;
  return (
    scope.reason ?? new RunCancelledError({ kind: 'failure', message: 'the execution has failed' }, path)
  );
}
