import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { RunLineage } from '../../lineage/run-lineage.js';
import type { StreamTransformNode } from '../../nodes/stream-transform-node.js';
import type { NodeMeter } from '../../observability/node-meter.js';
import { Pacer } from '../../run/ending/pacer.js';
import { closeFailed, closeSource } from './close-source.js';
import { asNode } from '../execution/active-scopes.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { Handover } from './handover.js';
import { HeldItems } from './held-items.js';
import { allEnded } from '../stages/fan-out-stage.js';
import { dropItem } from '../stages/item-end.js';
import { openAsNode } from './open-as-node.js';
import { DONE, isRefusal, refuseNoResult } from './open-items.js';
import { Reading } from './reading.js';
import { stopReason, StreamStage } from './stream-stage.js';
import type { OpenStream } from './stream-stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

interface TransformedStream extends OpenStream {
  /** Items that the node's code has taken since its last output. */
  readonly held: HeldItems;
}

/** Passes the whole stream to a stream transform, and pushes its outputs into the next stage. */
export class StreamTransformStage extends StreamStage<TransformedStream> {
  protected override open(items: Handover): TransformedStream {
    return { items, ended: Promise.resolve(), held: new HeldItems(this) };
  }

  protected override offer(
    execution: Execution,
    { items, held }: TransformedStream,
    item: unknown,
    trace: ItemTrace | undefined,
  ): Work {
    let isTaken = false;
    let told: Work;
    const given = (): void => {
      isTaken = true;
      told = held.take(execution, trace);
    };
    return items.push(item, given).then((taken) => {
      // An item that the code has taken is counted with the next output, or at the end of the stream.
      if (isTaken) return told;
      return taken === 'refused' ? this.refused(execution, trace) : dropItem(execution, this, trace);
    });
  }

  protected override async run(execution: Execution, stream: TransformedStream): Promise<void> {
    const { items } = stream;
    const unwatch = execution.onStop(() => {
      items.abort(stopReason(execution));
    });
    await new OutputLoop(this, execution, stream).run();
    unwatch();
    this.completed(execution);
    await this.next.end(execution);
  }

  /** The node's instance in an execution. */
  targetOf(execution: Execution): Pick<StreamTransformNode<unknown, unknown>, 'transform'> {
    return this.state(execution) as Pick<StreamTransformNode<unknown, unknown>, 'transform'>;
  }

  /** True while the stages behind the transform still accept outputs. */
  isRead(execution: Execution): boolean {
    return !execution.isHalted && !this.next.isClosed(execution);
  }

  /** Pushes an output into the next stage. */
  emit(execution: Execution, item: unknown, held: HeldItems): Work {
    this.counter(execution).emitted += 1;
    const { lineage } = execution;
    if (lineage === undefined) {
      void held.credit(execution);
      return this.next.push(execution, item, undefined);
    }
    const { trace, told } = this.#follow(lineage, execution, item, held);
    return after(allEnded([told, held.credit(execution)]), () => this.next.push(execution, item, trace));
  }

  /** Follows an output: in a child for one item as a branch of that item, else as an item that names its inputs. */
  #follow(
    lineage: RunLineage,
    execution: Execution,
    output: unknown,
    held: HeldItems,
  ): { readonly trace: ItemTrace | undefined; readonly told: Work } {
    const { site } = this;
    const { frame, itemChild } = execution;
    if (held.latestInner !== undefined) return { trace: held.latestInner.fork(output), told: undefined };
    if (itemChild !== undefined) {
      const trace = itemChild.link?.followed?.fork(output);
      return { trace, told: trace?.pass(site, frame, 1, 1, output) };
    }
    const contributors = held.takeContributors();
    const trace = lineage.followMade(output, contributors);
    if (trace !== undefined) held.made(trace);
    return { trace, told: trace?.pass(site, frame, 1, 1, output, contributors.count) };
  }
}

/** Reads all outputs of a stream transform in one execution. */
class OutputLoop {
  readonly #meter: NodeMeter | undefined;
  #given: unknown;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #closed: { readonly work: Work } | undefined;
  /** True if the transform's own code has failed, not only heard of a cancel. */
  #hasFailed = false;
  #hasEnded = false;
  /** True while `next` is running: an error thrown then comes from the iterator, and ends it. */
  #isAsked = false;
  /** True while a promise among the outputs of a synchronous iterator is awaited. Such a wait may be left at once. */
  #hasLateItem = false;

  constructor(
    private readonly stage: StreamTransformStage,
    private readonly execution: Execution,
    private readonly stream: TransformedStream,
  ) {
    this.#meter = execution.run.readings?.meterIn(execution, stage);
  }

  async run(): Promise<void> {
    const { stage, execution, stream } = this;
    const reading = new Reading(execution, stage.site.path, {
      wantsMore: () => stage.isRead(execution),
      close: () => this.#close(),
      isLoose: () => this.#hasLateItem,
    });
    await reading.run(() => this.#loop(reading));
    const { items, held } = stream;
    const isHalted = execution.isHalted;
    const how = this.#hasFailed ? 'failed' : this.#hasEnded ? 'ended' : isHalted ? 'cancelled' : 'left';
    if (isHalted) items.abort(stopReason(execution));
    items.close(isHalted ? 'aborted' : 'consumed');
    await held.end(execution, how);
  }

  async #loop(reading: Reading): Promise<void> {
    const { stage, execution, stream } = this;
    const pacer = new Pacer();
    try {
      reading.isWaiting = true;
      const given = asNode(execution, stage.site.path, (): unknown =>
        stage.targetOf(execution).transform(stream.items.reader(), stage.view(execution)),
      );
      this.#given = isThenable(given) ? await this.#timed(() => given) : given;
      const { iterator, isAsync } = openAsNode(execution, stage.site.path, this.#given, 'a stream transform');
      this.#iterator = iterator;
      while (this.#closed === undefined && !reading.isLeft && stage.isRead(execution)) {
        reading.isWaiting = true;
        this.#isAsked = true;
        const step = await (this.#meter?.isDue() === true
          ? this.#timed(() => iterator.next())
          : iterator.next());
        refuseNoResult(step);
        const isDone = Boolean(step.done);
        this.#isAsked = false;
        if (isDone) {
          this.#hasEnded = !execution.isHalted;
          this.#closed ??= { work: undefined };
          return;
        }
        let item: unknown = step.value;
        if (isThenable(item)) {
          this.#hasLateItem = !isAsync;
          item = await item;
          this.#hasLateItem = false;
        }
        reading.isWaiting = false;
        if (!stage.isRead(execution)) return;
        const pushed = stage.emit(execution, item, stream.held);
        if (pushed !== undefined) await pushed;
        if (pacer.isDue()) await pacer.yield();
      }
    } catch (thrown) {
      // These items belong to another reader, which closes them.
      if (isRefusal(thrown, stage.site.path)) this.#given = undefined;
      // An iterator that threw has ended, and is not closed.
      if (this.#isAsked) this.#iterator = DONE;
      this.#failed(thrown);
    }
  }

  /** Times a call of the transform's code; its waits for items are not its own time. */
  async #timed<T>(call: () => PromiseLike<T> | T): Promise<T> {
    const { items } = this.stream;
    const timed = this.#meter?.start();
    items.time(timed);
    try {
      return await call();
    } finally {
      items.time(undefined);
      timed?.stop();
    }
  }

  #failed(thrown: unknown): void {
    const { stage, execution } = this;
    // An error after the transform was closed early, because no output was wanted any more, is ignored.
    if (this.#closed !== undefined && !execution.isHalted) return;
    this.#hasFailed = !execution.isHalted;
    execution.fail(wholeNodeFailed(stage.site.path, thrown, 'failed', execution.frame), stage.site);
  }

  #close(): Work {
    if (this.#closed !== undefined) return this.#closed.work;
    // Set before closing, so that an error thrown while closing is recognised as late.
    this.#closed = { work: undefined };
    const { stage, execution, stream } = this;
    // Code that waits for its next input gets the end of the stream, so that it can finish.
    if (!execution.isHalted) stream.items.close('consumed');
    const source = { items: this.#given, iterator: this.#iterator };
    const work = asNode(execution, stage.site.path, closeSource, source, (thrown) => {
      closeFailed(execution, stage.site, this.#iterator, thrown);
    });
    this.#closed = { work };
    return work;
  }
}
