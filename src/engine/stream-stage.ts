import type { ItemTrace } from '../lineage/item-trace.js';
import type { StreamSinkNode } from '../nodes/stream-sink-node.js';
import type { StreamTransformNode } from '../nodes/stream-transform-node.js';
import { RunCancelledError } from '../errors/run-cancelled-error.js';
import { Pacer } from '../run/pacer.js';
import { nodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import { Handover } from './handover.js';
import { breakItem, dropItem, endTrace, settleRecord } from './item-end.js';
import type { BreakableStream } from './item-end.js';
import type { NodeCode } from './node-code.js';
import { NodeStage } from './stage.js';
import type { StageSite } from './stage-site.js';
import type { Work } from './work.js';

type StreamTarget = Partial<Pick<StreamTransformNode<unknown, unknown>, 'transform'>> &
  Partial<Pick<StreamSinkNode<unknown>, 'consume'>>;

/** The stream of one execution through one node. */
interface OpenStream extends BreakableStream {
  readonly items: Handover;
  /** Settles when the node's code has ended and all that it gave has gone on; never rejects. */
  readonly ended: Promise<void>;
  /** The traces of inputs since the last output. */
  contributors: string[];
  latest: ItemTrace | undefined;
}

/** A record names so many inputs of one output at the most, so that memory stays bounded. */
const MOST_CONTRIBUTORS = 10_000;

/** Gives the whole stream to a node's code: a stream transform, or a sink that consumes. */
export class StreamStage extends NodeStage {
  constructor(
    site: StageSite,
    readonly code: NodeCode,
    private readonly streamSlot: number,
  ) {
    super(site);
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    this.counter(execution).in += 1;
    if (execution.isHalted) return dropItem(execution, this, trace);
    const stream = this.#stream(execution);
    if (trace !== undefined) {
      trace.pass(this.place(execution), this.#isSink ? 0 : 1, 1);
      if (!this.#isSink && stream.contributors.length < MOST_CONTRIBUTORS) {
        stream.contributors.push(trace.correlationId);
      }
      stream.latest = trace;
    }
    return stream.items.push(item).then((taken) => {
      if (taken === 'aborted') return breakItem(execution, this, stream, trace);
      if (taken === 'refused') {
        this.counter(execution).filtered += 1;
        return endTrace(execution, this, trace, 'filtered');
      }
      this.counter(execution).out += 1;
      return this.#consumed(execution, trace);
    });
  }

  override end(execution: Execution): Work {
    const known = execution.states[this.streamSlot] as OpenStream | undefined;
    if (known === undefined && execution.isHalted) return this.next.end(execution);
    const stream = known ?? this.#stream(execution);
    if (execution.isHalted) stream.items.abort(stopReason(execution));
    else stream.items.end();
    return stream.ended;
  }

  override isClosed(execution: Execution): boolean {
    const stream = execution.states[this.streamSlot] as OpenStream | undefined;
    return stream?.items.isClosed === true || super.isClosed(execution);
  }

  get #isSink(): boolean {
    return this.site.kind === 'sink';
  }

  #stream(execution: Execution): OpenStream {
    const known = execution.states[this.streamSlot] as OpenStream | undefined;
    if (known !== undefined) return known;
    const items = new Handover(() => {
      execution.run.streamLeft();
    });
    const stream: OpenStream = {
      items,
      ended: Promise.resolve(),
      contributors: [],
      latest: undefined,
      hasFailedItem: false,
    };
    execution.states[this.streamSlot] = stream;
    Object.assign(stream, { ended: this.#run(execution, stream) });
    return stream;
  }

  async #run(execution: Execution, stream: OpenStream): Promise<void> {
    const { items } = stream;
    const wait = execution.run.waitAt(this.site.path);
    let output: AsyncIterator<unknown> | undefined;
    const unwatch = execution.onStop(() => {
      items.abort(stopReason(execution));
    });
    try {
      const target = this.state(execution) as StreamTarget;
      const view = this.view(execution);
      if (this.#isSink) {
        await target.consume?.(items, view);
      } else {
        output = target.transform?.(items, view)[Symbol.asyncIterator]();
        await this.#drain(execution, stream, output, wait);
      }
      items.close('consumed');
    } catch (thrown) {
      execution.fail(nodeFailed(this.site.path, thrown), this.site);
      items.abort(stopReason(execution));
      items.close('aborted');
    }
    unwatch();
    wait.end();
    this.completed(execution);
    await this.next.end(execution);
  }

  async #drain(
    execution: Execution,
    stream: OpenStream,
    output: AsyncIterator<unknown> | undefined,
    wait: { isWaiting: boolean },
  ): Promise<void> {
    if (output === undefined) return;
    const pacer = new Pacer();
    for (;;) {
      wait.isWaiting = true;
      const step = await output.next();
      wait.isWaiting = false;
      if (step.done === true) return;
      if (execution.isHalted || this.next.isClosed(execution)) {
        await output.return?.();
        return;
      }
      this.counter(execution).emitted += 1;
      const pushed = this.next.push(execution, step.value, this.#outputTrace(execution, stream));
      if (pushed !== undefined) await pushed;
      if (pacer.isDue()) await pacer.yield();
    }
  }

  /** In an item's child the outputs go on as that item; else each is a new item, made of those since the last one. */
  #outputTrace(execution: Execution, stream: OpenStream): ItemTrace | undefined {
    const { lineageSink } = execution.frame.services;
    if (stream.latest?.isInner === true) {
      stream.latest.split(1);
      return stream.latest;
    }
    const { contributors } = stream;
    stream.contributors = [];
    return execution.run.traceFor(lineageSink, contributors);
  }

  #consumed(execution: Execution, trace: ItemTrace | undefined): Work {
    if (trace?.isInner === true && !this.#isSink) return settleRecord(execution, this, () => trace.release());
    return endTrace(execution, this, trace, this.#isSink ? 'emitted' : 'aggregated');
  }
}

/** What a stream's code gets when it asks for an item after the end. */
function stopReason(execution: Execution): Error {
  const { path, scope } = execution.frame;
  return (
    scope.reason ?? new RunCancelledError({ kind: 'failure', message: 'the execution has failed' }, path)
  );
}
