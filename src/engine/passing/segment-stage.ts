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
import type { Departure, Walk, WalkedSegment } from './walk.js';
import { WrittenOut } from './written-out.js';
import type { Work } from '../execution/work.js';

/** Options of a {@link SegmentStage}. */
export interface SegmentOptions {
  /** Index of the segment's tally in a run. */
  readonly index: number;
  /** True if the last node is a sink. */
  readonly hasSink: boolean;
  /** Number of items after which code is generated for the segment. */
  readonly generateAfter: number;
}

/**
 * Runs items through transforms in a row, and the sink behind them if there is one, in a single loop.
 *
 * No stage is called between two nodes, and no object is made for an item until a node returns a promise.
 */
export class SegmentStage extends Stage implements WalkedSegment, Passable {
  /** The stage that receives the items of the last node. */
  next: Stage = NOWHERE;
  readonly transforms: number;
  readonly hasSink: boolean;
  readonly firstSlot: number;
  readonly #index: number;
  readonly #walk: WrittenOut<Walk>;
  /** True if no node has `timeoutMs`, a breaker or a bulkhead, so that a walk may call the nodes without their stages. */
  readonly isWalked: boolean;

  /** @param stages transforms, then at most one sink; their slots in `Execution.states` are adjacent. */
  constructor(
    private readonly stages: readonly CallStage<object>[],
    { index, hasSink, generateAfter }: SegmentOptions,
  ) {
    super();
    this.hasSink = hasSink;
    this.transforms = hasSink ? stages.length - 1 : stages.length;
    this.firstSlot = stages[0]?.slot ?? 0;
    this.#index = index;
    this.isWalked = stages.every(({ isGuarded }) => !isGuarded);
    this.#walk = new WrittenOut(walkInLoop, generateAfter, () => generateWalk(this));
  }

  /** Number of nodes. */
  get size(): number {
    return this.stages.length;
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    return workOf(this.enter(execution, item, trace));
  }

  override end(execution: Execution): Work {
    // The sink is left out: it ends when it is flushed, at the end of the execution.
    for (const stage of this.stages.slice(0, this.transforms)) stage.completed(execution);
    return this.next.end(execution);
  }

  override get relay(): Stage {
    return this.next;
  }

  override isClosed(execution: Execution): boolean {
    return this.next.isClosed(execution);
  }

  /** Runs an item through the nodes and the stages behind; returns a passage if the item must wait. */
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

  nodeIdAt(at: number): string {
    return (this.stages[at] as CallStage<object>).site.id;
  }

  viewAt(execution: Execution, at: number): PipelineContext {
    return (this.stages[at] as CallStage<object>).view(execution);
  }

  endAt(execution: Execution, start: number, at: number, how: 'filtered' | 'cancelled'): Passage | undefined {
    const stage = this.#arrive(execution, start, at);
    if (how === 'cancelled') stage.cancelled(execution);
    else stage.counter(execution).filtered += 1;
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

  leftAt(
    execution: Execution,
    at: number,
    item: unknown,
    result: unknown,
    how: Departure,
  ): Passage | undefined {
    switch (how) {
      case 'waiting':
        return this.waitAt(execution, 0, at, item, result as PromiseLike<unknown>, undefined);
      case 'thrown':
        return this.failAt(execution, 0, at, item, result, undefined);
      default:
        return this.endAt(execution, 0, at, how);
    }
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
    return execution.counts.tally(this.#index);
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

  /** Counts an item as passed from `start` to `at`, and as arrived at `at`; returns the stage at `at`. */
  #arrive(execution: Execution, start: number, at: number): CallStage<object> {
    const stage = this.stages[at] as CallStage<object>;
    this.tally(execution).passed(start, at);
    stage.counter(execution).in += 1;
    return stage;
  }

  /** Runs an item stage by stage: for an item that is traced, and for segments with `timeoutMs`. */
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

  /** Continues with the result of the stage at `at`. */
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
    // Behind the last stage the item is counted by the next stage, not here.
    if (stage !== undefined) stage.counter(execution).waiting += 1;
    passage.at = at;
    passage.item = item;
    passage.pending = pending;
    passage.decided = decided;
    return passage;
  }
}

/** An empty segment: initial value until the plan is compiled. */
export const NO_SEGMENT = new SegmentStage([], { index: -1, hasSink: false, generateAfter: Infinity });
