import { isThenable } from '../../data/foreign-value.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { Budget } from '../../run/spending/budget.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import { Pacer } from '../../run/ending/pacer.js';
import { closeFailed, closeSource } from '../streams/close-source.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { IdleLimit } from '../streams/idle-limit.js';
import { DONE, isRefusal, openItems, refuseNoResult } from '../streams/open-items.js';
import type { OpenedItems } from '../streams/open-items.js';
import { settle } from './passage.js';
import type { Passage } from './passage.js';
import { pullInLoop } from './pull-loop.js';
import type { Pulling, SourceLoops, Stop } from './pull-loop.js';
import { Reading } from '../streams/reading.js';
import type { Room } from '../stages/room.js';
import type { SegmentStage } from './segment-stage.js';
import type { NodeStage } from '../stages/stage.js';
import type { Work } from '../execution/work.js';

/** The source's stage, as far as pulling needs it. */
export interface PulledStage extends NodeStage {
  /** Whether anything behind it can lose interest before the items end. */
  readonly canClose: boolean;
  /** What the items go through first. */
  readonly segment: SegmentStage;
  /** The loops over its items where nobody follows or counts them. */
  loops(isList: boolean): SourceLoops;
  /** How long an item may be waited for; undefined where there is no limit. */
  readonly idleTimeoutMs?: number | undefined;
  /** Counts an item and sends it on its way. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined;
}

/** Where the items of a pull come from. */
export interface PullOrigin {
  /** Whether the run has opened it: then it is closed also where nothing was read; else it is the caller's until it is begun. */
  readonly isOpened: boolean;
  /** What the source's own signal hears; undefined where it has none. */
  readonly scope: CancelScope | undefined;
}

/** Pulls the items of one source in one execution, one at a time: the next one when the one before has gone as far as it can. */
export class Pull implements Pulling {
  stop: Stop = 'none';
  taken = 0;
  readonly #pacer = new Pacer();
  /** The loops of the source; undefined where somebody follows or counts the items on their way in. */
  #loops: SourceLoops | undefined;
  /** Where the items that enter are limited. */
  readonly #budget: Budget | undefined;
  #items: unknown;
  #source: OpenedItems | undefined;
  /** An item that is still a promise. */
  #lateItem: PromiseLike<unknown> | undefined;
  /** Whether the event loop must turn before anything else. */
  #isPauseDue = false;
  /** Whether the source has been asked for anything. */
  #isBegun = false;
  /** Set once the source has ended or was told to. */
  #closed: { readonly work: Work } | undefined;

  constructor(
    private readonly stage: PulledStage,
    private readonly execution: Execution,
    private readonly origin: PullOrigin,
  ) {
    const { scope } = execution.frame;
    this.#budget = scope.budget.limitsItems ? scope.budget : undefined;
  }

  get list(): readonly unknown[] | undefined {
    return this.#source?.list;
  }

  get iterator(): Iterator<unknown> {
    return (this.#source?.iterator ?? DONE) as Iterator<unknown>;
  }

  get isClosed(): boolean {
    const { stage, execution } = this;
    return stage.canClose && stage.segment.isClosed(execution);
  }

  /** Pulls to the end: without a promise as long as neither the source nor what follows makes one. */
  run(items: unknown): Work {
    this.#open(items);
    if (this.#source?.isAsync === true) return this.#runAsync((reading) => this.#pullAnswers(reading));
    const passage = this.#pullNow();
    if (passage !== undefined || this.stop !== 'ended')
      return this.#runAsync((reading) => this.#pullOn(passage, reading));
    // Nearly every source: it has ended, or an iterator that has been left answers at once.
    return this.#close() === undefined ? this.#end() : this.#runAsync(() => Promise.resolve());
  }

  /** The same for items that are still to come. */
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
        // It has answered too late: what it has opened is closed all the same.
        await closeSource({ items: this.#items, iterator: undefined }, this.#closeFailed);
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
      this.#source = openItems(items, this.stage.site.path);
      const isFollowed = this.execution.frame.services.lineageSink !== undefined;
      if (!isFollowed && this.#budget === undefined) this.#loops = this.stage.loops(this.list !== undefined);
    } catch (thrown) {
      // Another reader has it, and closes it.
      if (isRefusal(thrown, this.stage.site.path)) this.#items = undefined;
      this.failed(thrown, false);
    }
  }

  /**
   * Pulls without a promise until an item must wait, which gives its passage, or until something else is due: the end,
   * an item that is a promise, or a pause.
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
      const steps = pacer.left;
      const loop = this.#loops === undefined ? pullInLoop : this.#loops.atOnce.codeFor(steps);
      const passage = loop(this, execution, steps);
      this.#isPauseDue = pacer.isDue(this.taken - before);
      if (passage !== undefined) return passage;
      if (this.#mustLeave) return undefined;
    }
  }

  async #runAsync(loop: (reading: Reading) => Promise<void>): Promise<void> {
    const { execution, stage } = this;
    const idle = IdleLimit.of(execution, stage.site, stage.idleTimeoutMs);
    const read = {
      wantsMore: () => this.#wantsMore(),
      close: () => this.#close(),
      // A promise among the items of a list keeps nothing open.
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

  /** Goes on with a synchronous iterator, after the first thing to wait for. */
  async #pullOn(first: Passage | undefined, reading: Reading): Promise<void> {
    const next = (): Passage | undefined =>
      this.#isPauseDue || this.#loops?.waiting.code !== undefined ? undefined : this.#pullNow();
    const room = this.stage.segment.next.room(this.execution);
    // Where only a stage behind that has no room makes items wait, that stage asks for the next ones itself.
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

  /** Takes items whenever there is room for them; gives the passage of one that must wait for something else. */
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

  /** Whether the loop cannot go on at once: it has stopped, or a pause is due. */
  get #mustLeave(): boolean {
    return this.stop !== 'none' || this.#isPauseDue;
  }

  /** Lets the event loop turn. */
  async #pause(): Promise<void> {
    await this.#pacer.yield();
    this.#isPauseDue = false;
  }

  /** Takes some more items, waiting for each of them where that is written out; else up to the next that must wait. */
  async #pullFurther(): Promise<Passage | undefined> {
    const pacer = this.#pacer;
    const steps = pacer.left;
    const pullWaiting = this.#loops?.waiting.codeFor(steps);
    if (pullWaiting === undefined) return this.#pullNow();
    const before = this.taken;
    await pullWaiting(this, this.execution, steps);
    this.#isPauseDue = pacer.isDue(this.taken - before);
    return undefined;
  }

  /** Waits for an item that is a promise, as any loop over an iterable does. */
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
      // Before the item goes on: what its nodes still do is waited for, even if one of them ends the run.
      reading.isWaiting = false;
    }
    return this.enter(item);
  }

  async #pullAnswers(reading: Reading): Promise<void> {
    const iterator = this.#source?.iterator as AsyncIterator<unknown>;
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

  /** Sends an item on its way; what comes after the end is dropped. */
  enter(item: unknown): Passage | undefined {
    const { stage, execution } = this;
    if (this.#closed !== undefined || execution.isHalted) return undefined;
    if (this.#budget?.enter(stage.site.path) !== undefined) return undefined;
    return stage.enter(execution, item, execution.run.traceFor(execution.frame.services.lineageSink));
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
    // It was told that nobody reads any more: what it says to that is of no interest.
    if (this.#closed !== undefined && !execution.isHalted) return;
    // An iterator that threw is done by that; what gave it is closed still.
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

  /** Tells the source that nobody wants more of it, unless it knows; never rejects. */
  #close(): Work {
    if (this.#closed !== undefined) return this.#closed.work;
    // So that what is thrown meanwhile is known to come after the end.
    this.#closed = { work: undefined };
    const work = this.#tellEnd();
    this.#closed = { work };
    return work;
  }

  #tellEnd(): Work {
    const { origin, stage } = this;
    // What the caller has handed in, and nobody has begun, stays the caller's.
    if (!origin.isOpened && !this.#isBegun) return undefined;
    origin.scope?.end({ kind: 'finished', message: 'nobody reads this source any more' }, stage.site.path);
    return closeSource({ items: this.#items, iterator: this.#source?.iterator }, this.#closeFailed);
  }
}
