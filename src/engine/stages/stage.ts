import { PipelineContext } from '../../context/pipeline-context.js';
import type { ItemTrace, TracedPlace } from '../../lineage/item-trace.js';
import type { ExecutionEvents } from '../../ports/execution-observer.js';
import type { EventFields, Execution } from '../execution/execution.js';
import type { NodeCounter } from '../execution/node-counter.js';
import type { Room } from './room.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';

/** One step on an item's way, compiled once; what changes while it runs lies in the execution. */
export abstract class Stage {
  /** Takes one item with all that follows from it: done when it returns, or when the returned promise settles. */
  abstract push(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work;

  /** No item will follow; also called when the execution has failed or was cancelled. */
  abstract end(execution: Execution): Work;

  /** The stage that says in place of this one whether items are of use; undefined where this one says it. */
  get relay(): Stage | undefined {
    return undefined;
  }

  /** Whether items pushed here are of no use any more. */
  isClosed(_execution: Execution): boolean {
    return false;
  }

  /** Asks for items by itself when it has room for them; undefined for a stage that only says when it is done. */
  room(_execution: Execution): Room | undefined {
    return undefined;
  }
}

/** Takes nothing and leads nowhere: what follows a sink. */
class Nowhere extends Stage {
  override push(): Work {
    return undefined;
  }

  override end(): Work {
    return undefined;
  }
}

/** The stage after the last one. */
export const NOWHERE: Stage = new Nowhere();

/** The events that are about one node. */
type NodeEventType = Exclude<keyof ExecutionEvents, `pipeline${string}`>;

/** The stage of one node. */
export abstract class NodeStage extends Stage {
  /** What its items go to. */
  next: Stage = NOWHERE;

  // Read directly where it matters: a getter shared by every kind of stage is looked up slowly.
  readonly index: number;
  readonly slot: number;

  constructor(readonly site: StageSite) {
    super();
    this.index = site.index;
    this.slot = site.slot;
  }

  counter(execution: Execution): NodeCounter {
    return execution.run.counter(this.index);
  }

  /** The context as this node sees it; made once per execution. */
  view(execution: Execution): PipelineContext {
    const known = execution.states[this.slot];
    if (known !== undefined) return known as PipelineContext;
    const view = new PipelineContext(execution.frame, this.site.id);
    execution.states[this.slot] = view;
    return view;
  }

  /** What this node keeps for an execution. */
  protected state(execution: Execution): unknown {
    return execution.states[this.slot + 1];
  }

  setState(execution: Execution, state: unknown): void {
    execution.states[this.slot + 1] = state;
  }

  place(execution: Execution): TracedPlace {
    return tracedPlace(execution, this.site);
  }

  /** Makes an event of this node. Call it only where the execution has an observer. */
  tell<TType extends NodeEventType>(execution: Execution, type: TType, fields: EventFields<TType>): void {
    const { id, path } = this.site;
    execution.notify(type, path, fields, id);
  }

  /** Tells an observer that the node has ended; only the first time counts. */
  completed(execution: Execution): void {
    if (execution.observer !== undefined && !execution.isHalted)
      this.tell(execution, 'nodeCompleted', { outcome: 'succeeded' });
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

/** A place of an execution, as the hops of a trace name it. */
export function tracedPlace({ frame }: Execution, { id, path }: Pick<StageSite, 'id' | 'path'>): TracedPlace {
  return {
    nodeId: id,
    path,
    pipelineId: frame.pipelineId,
    pipelineName: frame.site.pipelineName,
    runId: frame.identity.get('runId'),
  };
}
