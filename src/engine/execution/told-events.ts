import type { ExecutionEvents } from '../../ports/execution-observer.js';

/** Fields that all events of one execution have. */
export interface EventOrigin {
  readonly pipelineName: string;
  readonly path: string;
  readonly runId: string;
  readonly pipelineId: string;
}

/** A node whose start event has been sent. */
interface StartedNode {
  readonly path: string;
  readonly nodeId: string;
}

/** A child whose start event has been sent. */
interface StartedChild<TExecution> extends StartedNode {
  readonly childPipelineId: string;
  readonly attempt: number;
  /** The child's execution; undefined until the child has sent its own start event. */
  execution: TExecution | undefined;
}

/** Fields of an event that name the child execution. */
export interface EventSubject {
  readonly childPipelineId?: string;
  readonly attempt?: number;
}

/**
 * The start events of one execution whose end events have not been sent yet.
 *
 * An end without its start, a second end, and a start after the end of the execution are not sent.
 */
export class ToldEvents<TExecution> {
  /** In plan order; nodes nearly always end in this order too, so the search begins at the front. */
  readonly #nodes: StartedNode[] = [];
  /** Keyed by the `pipelineId` of the child's execution. */
  #children: Map<string, StartedChild<TExecution>> | undefined;
  #isOver = false;

  constructor(readonly origin: EventOrigin) {}

  /** True once the end event of the execution has been sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nodes whose end event is still missing. */
  get openNodes(): readonly StartedNode[] {
    return this.#nodes.slice();
  }

  /** Children whose end event is still missing. */
  get openChildren(): readonly StartedChild<TExecution>[] {
    return [...(this.#children?.values() ?? [])];
  }

  /** Records the execution of a started child; false if the child's start event was not sent. */
  adopt(childPipelineId: string, execution: TExecution): boolean {
    const child = this.#children?.get(childPipelineId);
    if (child === undefined) return false;
    child.execution = execution;
    return true;
  }

  /** True if an event may be sent; records a start, and removes the record at its end. */
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
        // Events of single items always pass: a dead letter may be written after the execution has ended.
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
