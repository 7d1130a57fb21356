import { isThenable } from '../data/foreign-value.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { Budget } from '../run/budget.js';
import type { CancelScope } from '../run/cancel-scope.js';
import { Pacer } from '../run/pacer.js';
import { closeSource } from './close-source.js';
import { wholeNodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import { DONE, isRefusal, openItems, refuseNoResult } from './open-items.js';
import type { OpenedItems } from './open-items.js';
import { settle } from './passage.js';
import type { Passage } from './passage.js';
import { Reading } from './reading.js';
import type { SegmentStage } from './segment-stage.js';
import type { NodeStage } from './stage.js';
import type { Work } from './work.js';

/** The source's stage, as far as pulling needs it. */
export interface PulledStage extends NodeStage {
  /** Whether anything behind it can lose interest before the items end. */
  readonly canClose: boolean;
  /** What the items go through first. */
  readonly segment: SegmentStage;
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

/** Why pulling without a promise has stopped. */
type Stop = 'ended' | 'lateItem' | 'pause';

/** Pulls the items of one source in one execution, one at a time: the next one when the one before has gone as far as it can. */
export class Pull {
  readonly #pacer = new Pacer();
  /** Whether nobody follows or counts the items on their way in. */
  readonly #isPlain: boolean;
  /** Where the items that enter are limited. */
  readonly #budget: Budget | undefined;
  #items: unknown;
  #source: OpenedItems | undefined;
  #stop: Stop = 'ended';
  /** An item that is still a promise. */
  #lateItem: PromiseLike<unknown> | undefined;
  /** How many items of a list have been taken. */
  #taken = 0;
  /** Whether the source has been asked for anything. */
  #isBegun = false;
  /** Whether the iterator has been asked and has not answered: an error is then its own, and its end. */
  #isAsked = false;
  /** Set once the source has ended or was told to. */
  #closed: { readonly work: Work } | undefined;

  constructor(
    private readonly stage: PulledStage,
    private readonly execution: Execution,
    private readonly origin: PullOrigin,
  ) {
    const { scope, services } = execution.frame;
    this.#budget = scope.budget.limitsItems ? scope.budget : undefined;
    this.#isPlain = services.lineageSink === undefined && this.#budget === undefined;
  }

  /** Pulls to the end: without a promise as long as neither the source nor what follows makes one. */
  run(items: unknown): Work {
    this.#open(items);
    if (this.#source?.isAsync === true) return this.#runAsync((reading) => this.#pullAnswers(reading));
    const passage = this.#pullNow();
    if (passage !== undefined || this.#stop !== 'ended')
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
        this.#failed(thrown);
        return;
      } finally {
        reading.isWaiting = false;
      }
      if (this.#closed !== undefined || !this.#wantsMore()) {
        // It has answered too late: what it has opened is closed all the same.
        await closeSource({ items: this.#items, iterator: undefined }, this.#closeFailed);
        return;
      }
      this.#open(this.#items);
      if (this.#source?.isAsync === true) await this.#pullAnswers(reading);
      else await this.#pullOn(this.#pullNow(), reading);
    });
  }

  #open(items: unknown): void {
    this.#items = items;
    try {
      this.#source = openItems(items, this.stage.site.path);
    } catch (thrown) {
      // Another reader has it, and closes it.
      if (isRefusal(thrown, this.stage.site.path)) this.#items = undefined;
      this.#failed(thrown);
    }
  }

  /** The loop of nearly every item; gives a passage where the item must wait. */
  #pullNow(): Passage | undefined {
    const { stage, execution } = this;
    const { scope } = execution;
    const { segment, canClose } = stage;
    this.#stop = 'ended';
    if (this.#source === undefined) return undefined;
    const { list } = this.#source;
    const iterator = this.#source.iterator as Iterator<unknown>;
    const counter = stage.counter(execution);
    const pacer = this.#pacer;
    this.#isBegun = true;
    try {
      while (execution.failure === undefined && scope.reason === undefined) {
        if (canClose && segment.isClosed(execution)) return undefined;
        let item: unknown;
        if (list !== undefined) {
          if (this.#taken >= list.length) {
            this.#closed = { work: undefined };
            return undefined;
          }
          item = list[this.#taken];
          this.#taken += 1;
        } else {
          this.#isAsked = true;
          const step = iterator.next();
          refuseNoResult(step);
          // As in any loop over an iterable, whatever counts as true is the end.
          const isDone = Boolean(step.done);
          this.#isAsked = false;
          if (isDone) {
            this.#closed = { work: undefined };
            return undefined;
          }
          item = step.value;
        }
        if (isThenable(item)) {
          this.#lateItem = item;
          this.#stop = 'lateItem';
          return undefined;
        }
        let passage: Passage | undefined;
        if (this.#isPlain) {
          // As `enter` does; the counter is looked up once.
          counter.passed += 1;
          passage = segment.enter(execution, item, undefined);
        } else {
          passage = this.#enter(item);
        }
        if (passage !== undefined) return passage;
        if (pacer.isDue()) {
          this.#stop = 'pause';
          return undefined;
        }
      }
    } catch (thrown) {
      // Stages never throw: it was the iterator.
      this.#failed(thrown);
    }
    return undefined;
  }

  async #runAsync(loop: (reading: Reading) => Promise<void>): Promise<void> {
    const reading = new Reading(this.execution, this.stage.site.path, {
      wantsMore: () => this.#wantsMore(),
      close: () => this.#close(),
      // A promise among the items of a list keeps nothing open.
      isLoose: () => this.#stop === 'lateItem',
    });
    await reading.run(() => loop(reading));
    await this.#end();
  }

  #end(): Work {
    this.origin.scope?.close();
    return this.stage.end(this.execution);
  }

  /** Goes on with a synchronous iterator, after the first thing to wait for. */
  async #pullOn(first: Passage | undefined, reading: Reading): Promise<void> {
    const next = (): Passage | undefined => {
      if (!this.#pacer.isDue()) return this.#pullNow();
      this.#stop = 'pause';
      return undefined;
    };
    let passage = first;
    for (;;) {
      if (passage !== undefined) await settle(passage, next);
      if (this.#stop === 'ended') return;
      if (this.#stop === 'pause') {
        await this.#pacer.yield();
        passage = this.#pullNow();
      } else {
        passage = (await this.#enterLate(reading)) ?? next();
      }
    }
  }

  /** Waits for an item that is a promise, as any loop over an iterable does. */
  async #enterLate(reading: Reading): Promise<Passage | undefined> {
    let item: unknown;
    reading.isWaiting = true;
    try {
      item = await this.#lateItem;
    } catch (thrown) {
      this.#failed(thrown);
      return undefined;
    } finally {
      // Before the item goes on: what its nodes still do is waited for, even if one of them ends the run.
      reading.isWaiting = false;
    }
    return this.#enter(item);
  }

  async #pullAnswers(reading: Reading): Promise<void> {
    const iterator = this.#source?.iterator as AsyncIterator<unknown>;
    while (this.#closed === undefined && this.#wantsMore()) {
      let passage: Passage | undefined;
      try {
        reading.isWaiting = true;
        this.#isBegun = true;
        this.#isAsked = true;
        const step = await iterator.next();
        refuseNoResult(step);
        const isDone = Boolean(step.done);
        this.#isAsked = false;
        if (isDone) {
          this.#closed ??= { work: undefined };
          return;
        }
        const item: unknown = isThenable(step.value) ? await step.value : step.value;
        reading.isWaiting = false;
        passage = this.#enter(item);
      } catch (thrown) {
        this.#failed(thrown);
        return;
      }
      if (passage !== undefined) await settle(passage);
      if (this.#pacer.isDue()) await this.#pacer.yield();
    }
  }

  /** Sends an item on its way; what comes after the end is dropped. */
  #enter(item: unknown): Passage | undefined {
    const { stage, execution } = this;
    if (this.#closed !== undefined || execution.isHalted) return undefined;
    if (this.#budget?.enter(stage.site.path) !== undefined) return undefined;
    return stage.enter(execution, item, execution.run.traceFor(execution.frame.services.lineageSink));
  }

  #wantsMore(): boolean {
    const { stage, execution } = this;
    return !execution.isHalted && !(stage.canClose && stage.segment.isClosed(execution));
  }

  #failed(thrown: unknown): void {
    const { stage, execution } = this;
    // It was told that nobody reads any more: what it says to that is of no interest.
    if (this.#closed !== undefined && !execution.isHalted) return;
    // An iterator that threw is done by that; what gave it is closed still.
    if (this.#isAsked && this.#source !== undefined) this.#source = { ...this.#source, iterator: DONE };
    execution.fail(
      isRefusal(thrown, stage.site.path)
        ? thrown
        : wholeNodeFailed(stage.site.path, thrown, 'failed', execution.frame),
      stage.site,
    );
  }

  readonly #closeFailed = (thrown: unknown): void => {
    const { stage, execution } = this;
    // Of what has thrown already, or says only that its run has ended, nothing more is to be told.
    if (this.#source?.iterator === DONE || thrown === execution.scope.reason) return;
    if (execution.isHalted)
      execution.failClosing(
        wholeNodeFailed(stage.site.path, thrown, 'failed when it was closed'),
        stage.site,
      );
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
