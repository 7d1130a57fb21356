import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { CallStage } from '../stages/call-stage.js';
import type { Execution } from '../execution/execution.js';
import type { NodeCounter } from '../execution/node-counter.js';
import type { Tally } from '../execution/tally.js';
import { generateWalk } from './generated-walk.js';
import { Passage, workOf } from './passage.js';
import type { Passable } from './passage.js';
import { NOTHING, Pending } from '../execution/pending.js';
import { NOWHERE, Stage } from '../stages/stage.js';
import { walkInLoop } from './walk.js';
import type { Walk, WalkedSegment } from './walk.js';
import { WrittenOut } from './written-out.js';
import type { Work } from '../execution/work.js';

/** How a run of nodes is compiled. */
export interface SegmentOptions {
  /** Its number in the tallies of a run. */
  readonly index: number;
  /** Whether the last node is a sink. */
  readonly hasSink: boolean;
  /** After how many items code is generated for it. */
  readonly generateAfter: number;
}

/**
 * Transforms in a row, with the sink behind them if there is one, passed in one walk: nothing is called between one
 * and the next, and nothing is made as long as no promise turns up.
 */
export class SegmentStage extends Stage implements WalkedSegment, Passable {
  /** What the items of the last one go to. */
  next: Stage = NOWHERE;
  readonly transforms: number;
  readonly hasSink: boolean;
  readonly firstSlot: number;
  readonly #index: number;
  readonly #walk: WrittenOut<Walk>;
  /** Whether every node is called without a limit: else each decides about its tries itself. */
  readonly isWalked: boolean;

  /** @param stages transforms, and behind them perhaps a sink; their places in the states follow each other. */
  constructor(
    private readonly stages: readonly CallStage<object>[],
    { index, hasSink, generateAfter }: SegmentOptions,
  ) {
    super();
    this.hasSink = hasSink;
    this.transforms = hasSink ? stages.length - 1 : stages.length;
    this.firstSlot = stages[0]?.slot ?? 0;
    this.#index = index;
    this.isWalked = stages.every(({ timeoutMs }) => timeoutMs === undefined);
    this.#walk = new WrittenOut(walkInLoop, generateAfter, () => generateWalk(this));
  }

  /** How many nodes there are. */
  get size(): number {
    return this.stages.length;
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return workOf(this.enter(execution, item, trace));
  }

  override end(execution: Execution): Work {
    // A sink has ended once it is flushed, which is a matter of the execution's end.
    for (const stage of this.stages.slice(0, this.transforms)) stage.completed(execution);
    return this.next.end(execution);
  }

  override get relay(): Stage {
    return this.next;
  }

  override isClosed(execution: Execution): boolean {
    return this.next.isClosed(execution);
  }

  /** Takes an item as far as it can go; gives a passage where it must wait. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined {
    if (this.stages.length === 0) return this.#handOn(execution, item, trace, undefined);
    return trace === undefined && this.isWalked
      ? this.#walk.code(this, execution, item, 0, undefined)
      : this.#process(execution, item, trace, 0, undefined);
  }

  resume(passage: Passage, value: unknown): Passage | undefined {
    const { execution, trace, at, decided } = passage;
    const stage = this.stages[at];
    if (stage === undefined) return undefined;
    stage.counter(execution).waiting -= 1;
    const processed = decided === undefined ? stage.done(execution, value, trace, 1) : decided.outcome;
    return this.#goOn(execution, trace, at, processed, passage);
  }

  refuse(passage: Passage, thrown: unknown): Passage | undefined {
    const { execution, trace, at, item } = passage;
    return this.refuseAt(execution, at, item, thrown, trace, passage);
  }

  viewAt(execution: Execution, at: number): PipelineContext {
    return (this.stages[at] as CallStage<object>).view(execution);
  }

  endAt(execution: Execution, start: number, at: number, how: 'filtered' | 'cancelled'): Passage | undefined {
    this.#arrive(execution, start, at).counter(execution)[how] += 1;
    return undefined;
  }

  waitAt(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    pending: PromiseLike<unknown>,
    passage: Passage | undefined,
  ): Passage {
    this.#arrive(execution, start, at);
    return this.#wait(execution, undefined, at, item, pending, undefined, passage);
  }

  failAt(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    thrown: unknown,
    passage: Passage | undefined,
  ): Passage | undefined {
    const processed = this.#arrive(execution, start, at).thrown(execution, item, undefined, thrown, 1);
    return this.#goOn(execution, undefined, at, processed, passage);
  }

  filteredAt(execution: Execution, at: number, items: number): void {
    this.tally(execution).allPassed(at, items);
    const counter = this.counterAt(execution, at);
    counter.in += items;
    counter.filtered += items;
  }

  refuseAt(
    execution: Execution,
    at: number,
    item: unknown,
    thrown: unknown,
    trace?: ItemTrace,
    passage?: Passage,
  ): Passage | undefined {
    const stage = this.stages[at] as CallStage<object>;
    stage.counter(execution).waiting -= 1;
    const processed = stage.thrown(execution, item, trace, thrown, 1);
    return this.#goOn(execution, trace, at, processed, passage);
  }

  waitBehind(execution: Execution, pushed: Promise<void>): Passage {
    return this.#wait(execution, undefined, this.stages.length, undefined, pushed, undefined, undefined);
  }

  counterAt(execution: Execution, at: number): NodeCounter {
    return (this.stages[at] as CallStage<object>).counter(execution);
  }

  tally(execution: Execution): Tally {
    return execution.run.tally(this.#index);
  }

  written(execution: Execution, start: number): Passage | undefined {
    this.tally(execution).passed(start, this.stages.length);
    return undefined;
  }

  leave(
    execution: Execution,
    start: number,
    item: unknown,
    passage: Passage | undefined,
  ): Passage | undefined {
    this.tally(execution).passed(start, this.transforms);
    return this.#handOn(execution, item, undefined, passage);
  }

  /** Counts how far an item has walked, and that it is with the next stage; gives that stage. */
  #arrive(execution: Execution, start: number, at: number): CallStage<object> {
    const stage = this.stages[at] as CallStage<object>;
    this.tally(execution).passed(start, at);
    stage.counter(execution).in += 1;
    return stage;
  }

  /** The way of an item that somebody follows, or of tries with a limit. */
  #process(
    execution: Execution,
    first: unknown,
    trace: ItemTrace | undefined,
    start: number,
    passage: Passage | undefined,
  ): Passage | undefined {
    let item = first;
    for (let at = start; at < this.stages.length; at += 1) {
      const processed = this.stages[at]?.process(execution, item, trace);
      if (processed === NOTHING) return undefined;
      if (Pending.is(processed))
        return this.#wait(execution, trace, at, undefined, processed.work, processed, passage);
      item = processed;
    }
    return this.#handOn(execution, item, trace, passage);
  }

  /** Goes on with what a stage has made of an item. */
  #goOn(
    execution: Execution,
    trace: ItemTrace | undefined,
    at: number,
    processed: unknown,
    passage: Passage | undefined,
  ): Passage | undefined {
    if (processed === NOTHING) return undefined;
    if (Pending.is(processed))
      return this.#wait(execution, trace, at, undefined, processed.work, processed, passage);
    return trace === undefined && this.isWalked
      ? walkInLoop(this, execution, processed, at + 1, passage)
      : this.#process(execution, processed, trace, at + 1, passage);
  }

  #handOn(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    passage: Passage | undefined,
  ): Passage | undefined {
    const pushed = this.next.push(execution, item, trace);
    if (pushed === undefined) return undefined;
    return this.#wait(execution, trace, this.stages.length, undefined, pushed, undefined, passage);
  }

  #wait(
    execution: Execution,
    trace: ItemTrace | undefined,
    at: number,
    item: unknown,
    pending: PromiseLike<unknown>,
    decided: Pending | undefined,
    known: Passage | undefined,
  ): Passage {
    const passage = known ?? new Passage(this, execution, trace);
    const stage = this.stages[at];
    // Beyond the last stage others have the item in their hands.
    if (stage !== undefined) stage.counter(execution).waiting += 1;
    passage.at = at;
    passage.item = item;
    passage.pending = pending;
    passage.decided = decided;
    return passage;
  }
}

/** Leads nowhere: stands where none has been compiled yet. */
export const NO_SEGMENT = new SegmentStage([], { index: -1, hasSink: false, generateAfter: Infinity });
