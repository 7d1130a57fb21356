import { viewOf } from '../../context/pipeline-context.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { ExecutionEvents } from '../../ports/execution-observer.js';
import type { EventFields, Execution } from '../execution/execution.js';
import type { NodeCounter } from '../execution/node-counter.js';
import { tellNodeCompleted } from '../execution/tell.js';
import type { Room } from './room.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** One step of a plan, compiled once and shared by all executions. Whatever changes is kept in the execution. */
export abstract class Stage {
  /** Processes one item here and in all stages behind. Done on return, or when the returned promise settles. */
  abstract push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work;

  /** Tells the stage that no item will follow; also called after a failure or a cancel. */
  abstract end(execution: Execution): Work;

  /** The stage that answers `isClosed` for this one; undefined if this stage answers itself. */
  get relay(): Stage | undefined {
    return undefined;
  }

  /** True once all further items pushed into this stage would be dropped, so that sources may stop. */
  isClosed(_execution: Execution): boolean {
    return false;
  }

  /** The room of a stage that asks for items itself. Undefined for a stage that only reports when it is done. */
  room(_execution: Execution): Room | undefined {
    return undefined;
  }
}

/** Stands behind a sink, where no item arrives. */
class Nowhere extends Stage {
  override push(): Work {
    return undefined;
  }

  override end(): Work {
    return undefined;
  }
}

/** The stage behind the last one. */
export const NOWHERE: Stage = new Nowhere();

/** The events that single items bring about. */
type NodeEventType = Extract<keyof ExecutionEvents, `item${string}`>;

/** The stage of one node. */
export abstract class NodeStage extends Stage {
  /** The stage that receives this node's items. */
  next: Stage = NOWHERE;

  // Fields, not getters: V8 looks up a getter slowly where many classes of stages meet.
  readonly index: number;
  readonly slot: number;
  /** True if the node's code is called once per item and try. */
  readonly isCalled: boolean = false;

  constructor(readonly site: StageSite) {
    super();
    this.index = site.index;
    this.slot = site.slot;
  }

  /** Whether the items that its child gets are made of those it takes. */
  get mapsItems(): boolean {
    return false;
  }

  counter(execution: Execution): NodeCounter {
    return execution.counts.counter(this.index);
  }

  /** The node's view of the context; made once per execution. */
  view(execution: Execution): PipelineContext {
    const known = execution.states[this.slot];
    if (known !== undefined) return known as PipelineContext;
    const view = viewOf(execution.frame, this.site.id);
    execution.states[this.slot] = view;
    return view;
  }

  /** The node's own state in an execution, such as the instance of its class. */
  protected state(execution: Execution): unknown {
    return execution.states[this.slot + 1];
  }

  setState(execution: Execution, state: unknown): void {
    execution.states[this.slot + 1] = state;
  }

  /** Tells an event of this node that few items bring about. */
  tell<TType extends NodeEventType>(execution: Execution, type: TType, fields: EventFields<TType>): void {
    const { id, path } = this.site;
    execution.notify(type, path, fields, id);
  }

  /** Counts items that are given up: the execution has failed or was cancelled. */
  cancelled(execution: Execution, items = 1): void {
    this.counter(execution).cancelled += items;
    if (!execution.hears('itemCancelled')) return;
    for (let item = 0; item < items; item += 1) this.tell(execution, 'itemCancelled', {});
  }

  /** Sends the node's end event; later calls do nothing. */
  completed(execution: Execution): void {
    if (execution.told !== undefined && !execution.isHalted) tellNodeCompleted(execution, this, 'succeeded');
  }

  override end(execution: Execution): Work {
    this.completed(execution);
    return this.next.end(execution);
  }

  override get relay(): Stage | undefined {
    return this.next;
  }

  override isClosed(execution: Execution): boolean {
    return this.next.isClosed(execution);
  }
}
