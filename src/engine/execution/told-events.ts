import type { ExecutionEvents } from '../../ports/execution-observer.js';

/** What every event of one execution says. */
export interface EventOrigin {
  readonly pipelineName: string;
  readonly path: string;
  readonly runId: string;
  readonly pipelineId: string;
}

/** A node that the observer has been told of as started. */
interface StartedNode {
  readonly path: string;
  readonly nodeId: string;
}

/** A child that the observer has been told of as started. */
interface StartedChild<TExecution> extends StartedNode {
  readonly childPipelineId: string;
  readonly attempt: number;
  /** The child's execution; undefined until its own start is told. */
  execution: TExecution | undefined;
}

/** What an event says of the child that it is about. */
export interface EventSubject {
  readonly childPipelineId?: string;
  readonly attempt?: number;
}

/**
 * The starts that the observer of one execution has been told, and whose ends are still to come.
 *
 * An end without its start, a second end, and a start after the end of the execution are not told.
 */
export class ToldEvents<TExecution> {
  /** In the order of the plan, which is that of their ends as well, nearly always: the first is looked at first. */
  readonly #nodes: StartedNode[] = [];
  /** By the id of the child's execution. */
  #children: Map<string, StartedChild<TExecution>> | undefined;
  #isOver = false;

  constructor(readonly origin: EventOrigin) {}

  /** True once the end of the execution has been told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The nodes that have started and not ended. */
  get openNodes(): readonly StartedNode[] {
    return this.#nodes.slice();
  }

  /** The children that have started and not ended. */
  get openChildren(): readonly StartedChild<TExecution>[] {
    return [...(this.#children?.values() ?? [])];
  }

  /** Notes the execution of a child that has started; false where the observer does not know of the child. */
  adopt(childPipelineId: string, execution: TExecution): boolean {
    const child = this.#children?.get(childPipelineId);
    if (child === undefined) return false;
    child.execution = execution;
    return true;
  }

  /** Whether an event may be told; a start is noted, an end takes the note away. */
  admits(type: keyof ExecutionEvents, path: string, nodeId: string, subject: EventSubject): boolean {
    switch (type) {
      case 'nodeStarted':
        if (!this.#isOver) this.#nodes.push({ path, nodeId });
        return !this.#isOver;
      case 'nodeCompleted':
        return this.#endNode(path);
      case 'compositeStarted':
        if (!this.#isOver) this.#startChild(path, nodeId, subject);
        return !this.#isOver;
      case 'compositeCompleted':
        return this.#children?.delete(subject.childPipelineId ?? '') === true;
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

  #endNode(path: string): boolean {
    const nodes = this.#nodes;
    const at = nodes.findIndex((node) => node.path === path);
    if (at === 0) nodes.shift();
    else if (at > 0) nodes.splice(at, 1);
    return at >= 0;
  }

  #startChild(path: string, nodeId: string, { childPipelineId = '', attempt = 1 }: EventSubject): void {
    const child = { path, nodeId, childPipelineId, attempt, execution: undefined };
    (this.#children ??= new Map()).set(childPipelineId, child);
  }
}
