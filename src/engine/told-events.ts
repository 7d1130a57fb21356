import type { ExecutionEvents } from '../ports/execution-observer.js';

/** A child that a composite's observer has been told of as started. */
export interface StartedChild {
  readonly path: string;
  readonly nodeId: string;
  readonly attempt: number;
}

/** What an event says of the node and the child that it is about. */
export interface EventSubject {
  readonly nodeId?: string;
  readonly childPipelineId?: string;
  readonly attempt?: number;
}

/**
 * The starts that the observer of one execution has been told, and whose ends are still to come.
 *
 * An end without its start, a second end, and a start after the end of the execution are not told.
 */
export class ToldEvents {
  /** The ids of the nodes that have started, by path, in the order of the plan. */
  readonly #nodes = new Map<string, string>();
  /** The children that composites of the execution have started, by the id of the child's execution. */
  #children: Map<string, StartedChild> | undefined;
  #isOver = false;

  constructor(
    readonly pipelineName: string,
    readonly path: string,
  ) {}

  /** True once the end of the execution has been told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The nodes that have started and not ended: path and id. */
  get openNodes(): readonly (readonly [path: string, nodeId: string])[] {
    return [...this.#nodes];
  }

  /** The children that have started and not ended. */
  get openChildren(): readonly (readonly [childPipelineId: string, child: StartedChild])[] {
    return [...(this.#children ?? [])];
  }

  /** Whether an event may be told; a start is noted, an end takes the note away. */
  admits(type: keyof ExecutionEvents, path: string, subject: EventSubject): boolean {
    const { nodeId = '', childPipelineId = '', attempt = 1 } = subject;
    switch (type) {
      case 'nodeStarted':
        if (!this.#isOver) this.#nodes.set(path, nodeId);
        return !this.#isOver;
      case 'nodeCompleted':
        return this.#nodes.delete(path);
      case 'compositeStarted':
        if (!this.#isOver) (this.#children ??= new Map()).set(childPipelineId, { path, nodeId, attempt });
        return !this.#isOver;
      case 'compositeCompleted':
        return this.#children?.delete(childPipelineId) === true;
      case 'pipelineCompleted':
      case 'pipelineFailed':
        if (this.#isOver) return false;
        this.#isOver = true;
        return true;
      default:
        // Of an item: its dead letter may leave when the execution has ended.
        return true;
    }
  }
}
