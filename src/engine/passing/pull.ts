import { isThenable, readProperty } from '../../data/foreign-value.js';
import type { NodeMeter } from '../../observability/node-meter.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { RunLineage } from '../../lineage/run-lineage.js';
import type { Budget } from '../../run/spending/budget.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import { Pacer } from '../../run/ending/pacer.js';
import { closeFailed, closeSource } from '../streams/close-source.js';
import { asNode } from '../execution/active-scopes.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { IdleLimit } from '../streams/idle-limit.js';
import { openAsNode } from '../streams/open-as-node.js';
import { DONE, isRefusal, refuseNoResult } from '../streams/open-items.js';
import type { AnyIterator, OpenedItems } from '../streams/open-items.js';
import { settle } from './passage.js';
import type { Passage } from './passage.js';
import { pullInLoop } from './pull-loop.js';
import type { Pulling, SourceLoops, Stop } from './pull-loop.js';
import { Reading } from '../streams/reading.js';
import type { Room } from '../stages/room.js';
import type { SegmentStage } from './segment-stage.js';
import type { NodeStage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** The members of a source's stage that pulling uses. */
export interface PulledStage extends NodeStage {
  /** True if a stage behind may stop accepting items before the source ends. */
  readonly canClose: boolean;
  /** The segment that the items enter first. */
  readonly segment: SegmentStage;
  /** Loops for items of which none is limited by a budget, and some at most are traced. */
  loops(isList: boolean, isSampled: boolean): SourceLoops;
  /** Milliseconds to wait for an item at most; undefined for no limit. */
  readonly idleTimeoutMs?: number | undefined;
  /** Counts an item and sends it into the segment. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined;
}

/** Who opened the items of a pull, and the cancel scope of the source. */
export interface PullOrigin {
  /**
   * True if the run has opened the items.
   *
   * They are then closed even if unread, else they stay the caller's until read.
   */
  readonly isOpened: boolean;
  /** The scope behind the source's own signal; undefined if the source has none. */
  readonly scope: CancelScope | undefined;
}

/** Pulls the items of one source in one execution, each after the stages are done with the one before. */
export class Pull implements Pulling {
  stop: Stop = 'none';
  taken = 0;
  readonly #pacer = new Pacer();
  /** Loops of the source, later generated; undefined if items are traced or limited by a budget. */
  #loops: SourceLoops | undefined;
  /** The budget that limits the number of items; undefined if none does. */
  readonly #budget: Budget | undefined;
  /** Measures the calls of `next`; undefined where nobody hears of them, and for a list. */
  #meter: NodeMeter | undefined;
  /** The lineage of the run; undefined if this execution keeps none. */
  readonly #lineage: RunLineage | undefined;
  /** Number of items that have entered, counted only if lineage is kept. */
  #entered = 0;
  #items: unknown;
  #source: OpenedItems | undefined;
  /** The item that stopped the loop because it is a promise. */
  #lateItem: PromiseLike<unknown> | undefined;
  /** True if the loop must yield to the event loop next. */
  #isPauseDue = false;
  /** True once reading has begun. */
  #isBegun = false;
  /** Set once the source has ended or is being closed. */
  #closed: { readonly work: Work } | undefined;

  constructor(
    private readonly stage: PulledStage,
    private readonly execution: Execution,
    private readonly origin: PullOrigin,
  ) {
    const { scope } = execution.frame;
    this.#budget = scope.budget.limitsItems ? scope.budget : undefined;
    this.#lineage = execution.lineage;
  }

  get list(): readonly unknown[] | undefined {
    return this.#source?.list;
  }

  get iterator(): Iterator<unknown> {
    const iterator = (this.#source?.iterator ?? DONE) as Iterator<unknown>;
    const meter = this.#meter;
    if (meter === undefined) return iterator;
    const ask = (): IteratorResult<unknown> => iterator.next();
    return { next: () => (meter.isDue() ? (meter.time(ask) as IteratorResult<unknown>) : ask()) };
  }

  get isClosed(): boolean {
    const { stage, execution } = this;
    return stage.canClose && stage.segment.isClosed(execution);
  }

  /** Pulls all items; makes a promise only if the source or a stage makes one. */
  run(items: unknown): Work {
    this.#open(items);
    if (this.#source?.isAsync === true) return this.#runAsync((reading) => this.#pullAnswers(reading));
    const passage = this.#pullNow();
    if (passage !== undefined || this.stop !== 'ended')
      return this.#runAsync((reading) => this.#pullOn(passage, reading));
    // The usual case: nothing to close, or the iterator was closed synchronously.
    return this.#close() === undefined ? this.#end() : this.#runAsync(() => Promise.resolve());
  }

  /** Pulls all items of a source whose `open` returned a promise. */
  runLater(opening: PromiseLike<unknown>): Promise<void> {
    return this.#runAsync(async (reading) => {
      reading.isWaiting = true;
      try {
        this.#items = await opening;
      } catch (thrown) {
        this.failed(thrown, false);
        return;
      } finally {
        reading.opened();
      }
      if (this.#closed !== undefined || !this.#wantsMore()) {
        // The items came too late to be read, but they were opened, so they are closed.
        await this.#closeItems(undefined);
        return;
      }
      this.#open(this.#items);
      if (this.#source?.isAsync === true) await this.#pullAnswers(reading);
      else {
        reading.isWaiting = false;
        await this.#pullOn(this.#pullNow(), reading);
      }
    });
  }

  #open(items: unknown): void {
    this.#items = items;
    try {
      this.#source = openAsNode(this.execution, this.stage.site.path, items);
      this.#measure(items);
      if (this.#lineage?.every !== 1 && this.#budget === undefined)
        this.#loops = this.stage.loops(this.list !== undefined, this.#lineage !== undefined);
    } catch (thrown) {
      // These items belong to another reader, which closes them.
      if (isRefusal(thrown, this.stage.site.path)) this.#items = undefined;
      this.failed(thrown, false);
    }
  }

  #measure(items: unknown): void {
    const { stage, execution } = this;
    const { readings } = execution.run;
    if (readings === undefined) return;
    if (execution.parent === undefined) readings.found(stage.index, this.list?.length ?? sizeOf(items));
    if (this.list === undefined) this.#meter = readings.meterIn(execution, stage);
  }

  /**
   * Pulls synchronously until an item must wait, whose passage is returned.
   *
   * Returns undefined at the end, at an item that is a promise, and when a pause is due.
   */
  #pullNow(): Passage | undefined {
    if (this.#source === undefined) {
      this.stop = 'ended';
      return undefined;
    }
    const { execution } = this;
    const pacer = this.#pacer;
    this.#isBegun = true;
    this.stop = 'none';
    for (;;) {
      const before = this.taken;
      const entered = this.#entered;
      const steps = pacer.left;
      const loop = this.#loops === undefined ? pullInLoop : this.#loops.atOnce.codeFor(steps);
      const passage = loop(this, execution, steps);
      this.#leaveOut(before, entered);
      this.#isPauseDue = pacer.isDue(this.taken - before);
      if (passage !== undefined) return passage;
      if (this.#mustLeave) return undefined;
    }
  }

  get untilFollowed(): number {
    return this.#lineage?.untilNext(this.#entered) ?? Infinity;
  }

  enterAfter(item: unknown, others: number): Passage | undefined {
    this.#entered += others;
    this.#lineage?.leaveOut(others);
    return this.enter(item);
  }

  /**
   * Numbers the items that a loop has taken without {@link enter}.
   *
   * @param taken the number of items taken before the loop.
   * @param entered the number of items numbered before the loop.
   */
  #leaveOut(taken: number, entered: number): void {
    if (this.#lineage === undefined) return;
    const late = this.stop === 'lateItem' ? 1 : 0;
    const items = this.taken - taken - late - (this.#entered - entered);
    this.#entered += items;
    this.#lineage.leaveOut(items);
  }

  async #runAsync(loop: (reading: Reading) => Promise<void>): Promise<void> {
    const { execution, stage } = this;
    const idle = IdleLimit.of(execution, stage.site, stage.idleTimeoutMs);
    const read = {
      wantsMore: () => this.#wantsMore(),
      close: () => this.#close(),
      // The wait for a promise among the items of a list can be left at once: nothing needs closing.
      isLoose: () => this.stop === 'lateItem',
    };
    const reading = new Reading(execution, stage.site.path, read, idle);
    await reading.run(() => loop(reading));
    await this.#end();
  }

  #end(): Work {
    this.origin.scope?.close();
    return this.stage.end(this.execution);
  }

  /** Pulls further items of a synchronous source, starting with the first item that must wait. */
  async #pullOn(first: Passage | undefined, reading: Reading): Promise<void> {
    const next = (): Passage | undefined =>
      this.#isPauseDue || this.#loops?.waiting.code !== undefined ? undefined : this.#pullNow();
    const room = this.stage.segment.next.room(this.execution);
    // As long as items wait only for room in the stage behind, that stage asks for further items itself.
    let isAsked = room !== undefined;
    let passage = first;
    for (;;) {
      if (room?.isFull(passage?.pending) === true) {
        isAsked = true;
        passage = await this.#keepFull(room);
      }
      if (passage !== undefined) {
        isAsked = false;
        await settle(passage, next);
      }
      if (this.stop === 'ended') return;
      if (this.#isPauseDue) await this.#pause();
      if (this.stop === 'lateItem') passage = await this.#enterLate(reading);
      else passage = isAsked ? this.#pullNow() : await this.#pullFurther();
    }
  }

  /** Pulls items whenever there is room. Returns the passage of an item that waits for something other than room. */
  async #keepFull(room: Room): Promise<Passage | undefined> {
    const left: { passage: Passage | undefined; isFull: boolean } = { passage: undefined, isFull: true };
    const refill = (): boolean => {
      const passage = this.#pullNow();
      const isFull = room.isFull(passage?.pending);
      if (isFull && !this.#isPauseDue) return true;
      left.isFull = isFull;
      left.passage = passage;
      return false;
    };
    while (left.isFull) {
      if (this.#isPauseDue) await this.#pause();
      await room.keepFull(refill);
    }
    return left.passage;
  }

  /** True if the loop has stopped, or a pause is due. */
  get #mustLeave(): boolean {
    return this.stop !== 'none' || this.#isPauseDue;
  }

  /** Yields to the event loop. */
  async #pause(): Promise<void> {
    await this.#pacer.yield();
    this.#isPauseDue = false;
  }

  /** Pulls further items. Uses the generated async loop if there is one, else stops at the next item that must wait. */
  async #pullFurther(): Promise<Passage | undefined> {
    const pacer = this.#pacer;
    // The loop that awaits items does not know of those that are followed.
    const steps = Math.min(pacer.left, this.untilFollowed);
    const pullWaiting = steps === 0 ? undefined : this.#loops?.waiting.codeFor(steps);
    if (pullWaiting === undefined) return this.#pullNow();
    const before = this.taken;
    const entered = this.#entered;
    await pullWaiting(this, this.execution, steps);
    this.#leaveOut(before, entered);
    this.#isPauseDue = pacer.isDue(this.taken - before);
    return undefined;
  }

  /** Awaits an item that is a promise, as `for await` does. */
  async #enterLate(reading: Reading): Promise<Passage | undefined> {
    let item: unknown;
    reading.isWaiting = true;
    try {
      item = await this.#lateItem;
      this.stop = 'none';
    } catch (thrown) {
      this.failed(thrown, false);
      return undefined;
    } finally {
      // Cleared before the item is processed: the work of its nodes is no wait for the source, and must not be left.
      reading.isWaiting = false;
    }
    return this.enter(item);
  }

  async #pullAnswers(reading: Reading): Promise<void> {
    const iterator = this.iterator as Iterator<unknown> | AsyncIterator<unknown>;
    while (this.#closed === undefined && this.#wantsMore()) {
      let passage: Passage | undefined;
      let isAsked = false;
      try {
        reading.isWaiting = true;
        this.#isBegun = true;
        isAsked = true;
        const step = await iterator.next();
        refuseNoResult(step);
        const isDone = Boolean(step.done);
        isAsked = false;
        if (isDone) {
          this.finish();
          return;
        }
        const item: unknown = isThenable(step.value) ? await step.value : step.value;
        reading.isWaiting = false;
        passage = this.enter(item);
      } catch (thrown) {
        this.failed(thrown, isAsked);
        return;
      }
      if (passage !== undefined) await settle(passage);
      if (this.#pacer.isDue()) await this.#pause();
    }
  }

  /** Sends an item through the stages; an item that comes after the end is dropped. */
  enter(item: unknown): Passage | undefined {
    const { stage, execution } = this;
    if (this.#closed !== undefined || execution.isHalted) return undefined;
    if (this.#budget?.enter(stage.site.path) !== undefined) return undefined;
    const lineage = this.#lineage;
    if (lineage === undefined) return stage.enter(execution, item, undefined);
    const taken = this.#entered;
    this.#entered += 1;
    return stage.enter(execution, item, lineage.follow(item, taken));
  }

  finish(): void {
    this.stop = 'ended';
    this.#closed ??= { work: undefined };
  }

  keepLate(item: PromiseLike<unknown>): void {
    this.stop = 'lateItem';
    this.#lateItem = item;
  }

  #wantsMore(): boolean {
    return !this.execution.isHalted && !this.isClosed;
  }

  failed(thrown: unknown, isAsked: boolean): void {
    const { stage, execution } = this;
    this.stop = 'ended';
    // An error after the source was closed early, because no item was wanted any more, is ignored.
    if (this.#closed !== undefined && !execution.isHalted) return;
    // An iterator that threw has ended and is not closed, but the iterable or stream behind it is.
    if (isAsked && this.#source !== undefined) this.#source = { ...this.#source, iterator: DONE };
    execution.fail(
      isRefusal(thrown, stage.site.path)
        ? thrown
        : wholeNodeFailed(stage.site.path, thrown, 'failed', execution.frame),
      stage.site,
    );
  }

  readonly #closeFailed = (thrown: unknown): void => {
    closeFailed(this.execution, this.stage.site, this.#source?.iterator, thrown);
  };

  /** Closes the source, only the first time; never rejects. */
  #close(): Work {
    if (this.#closed !== undefined) return this.#closed.work;
    // Set before closing, so that an error thrown while closing is recognised as late.
    this.#closed = { work: undefined };
    const work = this.#tellEnd();
    this.#closed = { work };
    return work;
  }

  #tellEnd(): Work {
    const { origin, stage } = this;
    // Items that the caller passed in and the run never read stay the caller's.
    if (!origin.isOpened && !this.#isBegun) return undefined;
    origin.scope?.end({ kind: 'finished', message: 'nobody reads this source any more' }, stage.site.path);
    return this.#closeItems(this.#source?.iterator);
  }

  #closeItems(iterator: AnyIterator | undefined): Work {
    const source = { items: this.#items, iterator };
    return asNode(this.execution, this.stage.site.path, closeSource, source, this.#closeFailed);
  }
}

/** The number of items that an iterable says it has, as `size` or `length`; undefined if it says nothing. */
function sizeOf(items: unknown): number | undefined {
  const size = readProperty(items, 'size') ?? readProperty(items, 'length');
  return Number.isSafeInteger(size) && Number(size) >= 0 ? Number(size) : undefined;
}
