import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { StreamTransformNode } from '../../nodes/stream-transform-node.js';
import { Pacer } from '../../run/ending/pacer.js';
import { closeFailed, closeSource } from './close-source.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { Handover } from './handover.js';
import { HeldItems } from './held-items.js';
import { dropItem } from '../stages/item-end.js';
import { DONE, isRefusal, openItems, refuseNoResult } from './open-items.js';
import { Reading } from './reading.js';
import { stopReason, StreamStage } from './stream-stage.js';
import type { OpenStream } from './stream-stage.js';
import type { Work } from '../execution/work.js';

interface TransformedStream extends OpenStream {
  /** What the node's code has taken and not given back. */
  readonly held: HeldItems;
}

/** Gives the whole stream to a transform's code, and hands on what that gives. */
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
    const given = (): void => {
      isTaken = true;
      held.take(execution, trace);
    };
    return items.push(item, given).then((taken) => {
      // What becomes of an item that the code has, its outputs tell.
      if (isTaken) return undefined;
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

  /** The object whose method is called. */
  targetOf(execution: Execution): Pick<StreamTransformNode<unknown, unknown>, 'transform'> {
    return this.state(execution) as Pick<StreamTransformNode<unknown, unknown>, 'transform'>;
  }

  /** Whether anybody behind the transform wants more of it. */
  isRead(execution: Execution): boolean {
    return !execution.isHalted && !this.next.isClosed(execution);
  }

  /** Hands on an output. */
  emit(execution: Execution, item: unknown, held: HeldItems): Work {
    this.counter(execution).emitted += 1;
    const trace = this.#outputTrace(execution, held);
    const credited = held.credit(execution);
    return credited === undefined
      ? this.next.push(execution, item, trace)
      : credited.then(() => this.next.push(execution, item, trace));
  }

  /** In an item's child the outputs go on as that item; else each is a new item, made of those since the last one. */
  #outputTrace(execution: Execution, held: HeldItems): ItemTrace | undefined {
    const { latest } = held;
    if (latest?.isInner === true) {
      latest.split(1);
      return latest;
    }
    return execution.run.traceFor(execution.frame.services.lineageSink, held.takeContributors());
  }
}

/** Reads what the code of a stream transform gives in one execution, to its end. */
class OutputLoop {
  #given: unknown;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #closed: { readonly work: Work } | undefined;
  /** Whether the code has failed by itself. */
  #hasFailed = false;
  #hasEnded = false;
  /** Whether the iterator has been asked and has not answered: an error is then its own, and its end. */
  #isAsked = false;
  /** Whether an item of a list is waited for that is still a promise: it keeps nothing open. */
  #hasLateItem = false;

  constructor(
    private readonly stage: StreamTransformStage,
    private readonly execution: Execution,
    private readonly stream: TransformedStream,
  ) {}

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
      const given: unknown = stage
        .targetOf(execution)
        .transform(stream.items.reader(), stage.view(execution));
      this.#given = isThenable(given) ? await given : given;
      const { iterator, isAsync } = openItems(this.#given, stage.site.path, 'a stream transform');
      this.#iterator = iterator;
      while (this.#closed === undefined && !reading.isLeft && stage.isRead(execution)) {
        reading.isWaiting = true;
        this.#isAsked = true;
        const step = await iterator.next();
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
      // Another reader has it, and closes it.
      if (isRefusal(thrown, stage.site.path)) this.#given = undefined;
      // An iterator that threw is done by that.
      if (this.#isAsked) this.#iterator = DONE;
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): void {
    const { stage, execution } = this;
    // It was told that nobody reads any more: what it says to that is of no interest.
    if (this.#closed !== undefined && !execution.isHalted) return;
    this.#hasFailed = !execution.isHalted;
    execution.fail(wholeNodeFailed(stage.site.path, thrown, 'failed', execution.frame), stage.site);
  }

  #close(): Work {
    if (this.#closed !== undefined) return this.#closed.work;
    // So that what is thrown meanwhile is known to come after the end.
    this.#closed = { work: undefined };
    const { stage, execution, stream } = this;
    // Code that waits for its next item gets the end of the stream, so that it can end too.
    if (!execution.isHalted) stream.items.close('consumed');
    const work = closeSource({ items: this.#given, iterator: this.#iterator }, (thrown) => {
      closeFailed(execution, stage.site, this.#iterator, thrown);
    });
    this.#closed = { work };
    return work;
  }
}
