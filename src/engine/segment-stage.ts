import { SKIP } from '../nodes/skip.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import type { CallStage } from './call-stage.js';
import type { Execution } from './execution.js';
import type { SinkTarget } from './sink-stage.js';
import { NOWHERE, Stage } from './stage.js';
import { SLOTS_PER_NODE } from './stage-site.js';
import type { TransformTarget } from './transform-stage.js';
import { NOTHING } from './work-stage.js';
import { isThenable } from './work.js';
import type { Work } from './work.js';

/** Stands for the item of a passage whose stage has decided: what is pending is the outcome. */
const DECIDED: unique symbol = Symbol('decided');

/** An item that waits for a promise on its way through a segment. */
export class Passage {
  pending: PromiseLike<unknown> | undefined;
  /** The stage it is in; beyond the last one while what follows the segment has it. */
  at = 0;
  /** What that stage was called with. */
  item: unknown = DECIDED;

  constructor(
    private readonly segment: SegmentStage,
    readonly execution: Execution,
    readonly trace: ItemTrace | undefined,
  ) {}

  /** Goes on with what the promise gave; gives the passage again if it must wait again. */
  resume(value: unknown): Passage | undefined {
    return this.segment.resume(this, value);
  }

  /** Goes on after the promise was rejected. */
  refuse(thrown: unknown): Passage | undefined {
    return this.segment.refuse(this, thrown);
  }
}

/**
 * Sees an item to the end of its way, and those that follow it; never rejects.
 *
 * @param next gives the passage of a following item that must wait, undefined when none is left.
 */
export async function settle(first: Passage, next?: () => Passage | undefined): Promise<void> {
  let passage: Passage | undefined = first;
  while (passage !== undefined) {
    let value: unknown;
    try {
      value = await passage.pending;
    } catch (thrown) {
      passage = passage.refuse(thrown) ?? next?.();
      continue;
    }
    passage = passage.resume(value) ?? next?.();
  }
}

/**
 * Transforms in a row, with the sink behind them if there is one, passed in one loop: nothing is called between one
 * and the next, and nothing is made as long as no promise turns up.
 */
export class SegmentStage extends Stage {
  /** What the items of the last one go to. */
  next: Stage = NOWHERE;
  /** How many transforms there are. */
  private readonly transforms: number;
  private readonly hasSink: boolean;
  private readonly firstSlot: number;
  readonly #hasLimits: boolean;

  /**
   * @param stages transforms, and behind them perhaps a sink; their places in the states follow each other.
   * @param index its number in the tallies of a run.
   */
  constructor(
    private readonly stages: readonly CallStage<object>[],
    private readonly index: number,
  ) {
    super();
    this.hasSink = stages.at(-1)?.site.kind === 'sink';
    this.transforms = this.hasSink ? stages.length - 1 : stages.length;
    this.firstSlot = stages[0]?.slot ?? 0;
    this.#hasLimits = stages.some(({ timeoutMs }) => timeoutMs !== undefined);
  }

  override push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    const passage = this.enter(execution, item, trace);
    return passage === undefined ? undefined : settle(passage);
  }

  override end(execution: Execution): Work {
    // A sink has ended once it is flushed, which is a matter of the execution's end.
    for (const stage of this.stages.slice(0, this.transforms)) stage.completed(execution);
    return this.next.end(execution);
  }

  override isClosed(execution: Execution): boolean {
    return this.next.isClosed(execution);
  }

  /** Takes an item as far as it can go; gives a passage where it must wait. */
  enter(execution: Execution, item: unknown, trace: ItemTrace | undefined): Passage | undefined {
    return trace !== undefined || this.#hasLimits
      ? this.#process(execution, item, trace, 0, undefined)
      : this.#walk(execution, item, 0, undefined);
  }

  /** Goes on with a passage whose promise has given a value. */
  resume(passage: Passage, value: unknown): Passage | undefined {
    const { execution, trace, at, item } = passage;
    const stage = this.stages[at];
    if (stage === undefined) return undefined;
    const processed = item === DECIDED ? value : stage.done(execution, value, trace, 1);
    return this.#goOn(execution, trace, at, processed, passage);
  }

  /** Goes on with a passage whose promise was rejected. */
  refuse(passage: Passage, thrown: unknown): Passage | undefined {
    const { execution, trace, at, item } = passage;
    const processed = this.stages[at]?.thrown(execution, item, trace, thrown, 1);
    return this.#goOn(execution, trace, at, processed, passage);
  }

  /** The way of nearly every item: one try of each stage, without a limit, and nobody follows it. */
  #walk(
    execution: Execution,
    first: unknown,
    start: number,
    passage: Passage | undefined,
  ): Passage | undefined {
    const { states, scope } = execution;
    const { transforms, hasSink } = this;
    let item = first;
    let at = start;
    let slot = this.firstSlot + start * SLOTS_PER_NODE;
    try {
      for (; at < transforms; at += 1, slot += SLOTS_PER_NODE) {
        if (execution.failure !== undefined || scope.reason !== undefined)
          return this.#endAt(execution, start, at, 'cancelled');
        const view = (states[slot] as PipelineContext | undefined) ?? this.#view(execution, at);
        const result = (states[slot + 1] as TransformTarget).transform(item, view);
        // Inside: to look for a 'then' may throw.
        if (typeof result === 'object' && isThenable(result))
          return this.#waitForCall(execution, start, at, item, result, passage);
        if (result === SKIP) return this.#endAt(execution, start, at, 'filtered');
        item = result;
      }
      if (hasSink) {
        if (execution.failure !== undefined || scope.reason !== undefined)
          return this.#endAt(execution, start, at, 'cancelled');
        const view = (states[slot] as PipelineContext | undefined) ?? this.#view(execution, at);
        const result: unknown = (states[slot + 1] as SinkTarget).write(item, view);
        if (typeof result === 'object' && isThenable(result))
          return this.#waitForCall(execution, start, at, item, result, passage);
        execution.run.tally(this.index).passed(start, at + 1);
        return undefined;
      }
    } catch (thrown) {
      const stage = this.#leaveWalk(execution, start, at);
      return this.#goOn(
        execution,
        undefined,
        at,
        stage.thrown(execution, item, undefined, thrown, 1),
        passage,
      );
    }
    execution.run.tally(this.index).passed(start, at);
    return this.#leave(execution, item, undefined, passage);
  }

  /** Counts how far an item has walked, and that the next stage has it; gives that stage. */
  #leaveWalk(execution: Execution, start: number, at: number): CallStage<object> {
    const stage = this.stages[at] as CallStage<object>;
    execution.run.tally(this.index).passed(start, at);
    stage.counter(execution).in += 1;
    return stage;
  }

  /** Ends an item that nobody follows: it was filtered out, or given up. */
  #endAt(
    execution: Execution,
    start: number,
    at: number,
    how: 'filtered' | 'cancelled',
  ): Passage | undefined {
    this.#leaveWalk(execution, start, at).counter(execution)[how] += 1;
    return undefined;
  }

  #waitForCall(
    execution: Execution,
    start: number,
    at: number,
    item: unknown,
    pending: PromiseLike<unknown>,
    passage: Passage | undefined,
  ): Passage {
    this.#leaveWalk(execution, start, at);
    return this.#wait(execution, undefined, at, item, pending, passage);
  }

  #view(execution: Execution, at: number): PipelineContext {
    return (this.stages[at] as CallStage<object>).view(execution);
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
      if (typeof processed === 'object' && processed instanceof Promise)
        return this.#wait(execution, trace, at, DECIDED, processed, passage);
      item = processed;
    }
    return this.#leave(execution, item, trace, passage);
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
    if (typeof processed === 'object' && processed instanceof Promise)
      return this.#wait(execution, trace, at, DECIDED, processed, passage);
    return trace !== undefined || this.#hasLimits
      ? this.#process(execution, processed, trace, at + 1, passage)
      : this.#walk(execution, processed, at + 1, passage);
  }

  #leave(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    passage: Passage | undefined,
  ): Passage | undefined {
    const pushed = this.next.push(execution, item, trace);
    if (pushed === undefined) return undefined;
    return this.#wait(execution, trace, this.stages.length, DECIDED, pushed, passage);
  }

  #wait(
    execution: Execution,
    trace: ItemTrace | undefined,
    at: number,
    item: unknown,
    pending: PromiseLike<unknown>,
    known: Passage | undefined,
  ): Passage {
    const passage = known ?? new Passage(this, execution, trace);
    passage.at = at;
    passage.item = item;
    passage.pending = pending;
    return passage;
  }
}

/** Leads nowhere: stands where none has been compiled yet. */
export const NO_SEGMENT = new SegmentStage([], -1);
