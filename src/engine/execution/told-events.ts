import type { StageSite } from './stage-site.js';

/** A node as events name it. */
export interface ToldNode {
  readonly site: StageSite;
}

/** A child whose start has been told. */
export interface ToldChild<TNode, TExecution> {
  /** The composite that has started it. */
  readonly node: TNode;
  readonly childPipelineId: string;
  readonly attempt: number;
  /** When its start was told: that of its execution is told at the same time. */
  readonly at: number;
  /** The child's execution; undefined until the start of that has been told. */
  execution: TExecution | undefined;
}

/**
 * What of one execution has been told to have begun, and not yet to have ended.
 *
 * An end without its start, a second end, and a start after the end of the execution are not told.
 */
export class ToldEvents<TNode, TExecution> {
  /** The nodes that have started, in the order of the plan. */
  #nodes: readonly TNode[] = [];
  /** So many of the first nodes have ended: nearly always they end in their order. */
  #ended = 0;
  /** The nodes behind them that have ended earlier. */
  #early: Set<TNode> | undefined;
  /** The child, where one is open: nearly always there is one at most. */
  #child: ToldChild<TNode, TExecution> | undefined;
  /** The others, by the `pipelineId` of their executions. */
  #others: Map<string, ToldChild<TNode, TExecution>> | undefined;
  #isOver = false;

  constructor(
    readonly pipelineName: string,
    readonly path: string,
    readonly runId: string,
    readonly pipelineId: string,
    readonly tenantId: string | undefined,
    readonly parentPipelineId: string | undefined,
  ) {}

  /** True once the end of the execution has been told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The nodes whose end has not been told. */
  get openNodes(): readonly TNode[] {
    return this.#nodes.slice(this.#ended).filter((node) => this.#early?.has(node) !== true);
  }

  /** The children whose end has not been told. */
  get openChildren(): readonly ToldChild<TNode, TExecution>[] {
    return [...(this.#child === undefined ? [] : [this.#child]), ...(this.#others?.values() ?? [])];
  }

  /** Notes the start of all nodes; tells whether it may be told. */
  startNodes(nodes: readonly TNode[]): boolean {
    if (!this.#isOver) this.#nodes = nodes;
    return !this.#isOver;
  }

  /** Notes the end of a node; tells whether it may be told. */
  endNode(node: TNode): boolean {
    if (this.#nodes[this.#ended] !== node) {
      const isOpen = this.#nodes.includes(node, this.#ended) && this.#early?.has(node) !== true;
      if (isOpen) (this.#early ??= new Set()).add(node);
      return isOpen;
    }
    this.#ended += 1;
    if (this.#early !== undefined) this.#passEarly(this.#early);
    return true;
  }

  #passEarly(early: ReadonlySet<unknown>): void {
    while (early.has(this.#nodes[this.#ended])) this.#ended += 1;
  }

  /** Notes the start of a child; tells whether it may be told. */
  startChild(node: TNode, childPipelineId: string, attempt: number, at: number): boolean {
    if (this.#isOver) return false;
    const child = { node, childPipelineId, attempt, at, execution: undefined };
    if (this.#child === undefined) this.#child = child;
    else (this.#others ??= new Map()).set(childPipelineId, child);
    return true;
  }

  /** Notes the execution of a child; gives when its start was told, undefined where it was not. */
  adopt(childPipelineId: string, execution: TExecution): number | undefined {
    const isFirst = this.#child?.childPipelineId === childPipelineId;
    const child = isFirst ? this.#child : this.#others?.get(childPipelineId);
    if (child === undefined) return undefined;
    child.execution = execution;
    return child.at;
  }

  /** Notes the end of a child; tells whether it may be told. */
  endChild(childPipelineId: string): boolean {
    if (this.#child?.childPipelineId !== childPipelineId)
      return this.#others?.delete(childPipelineId) === true;
    this.#child = undefined;
    return true;
  }

  /** Notes the end of the execution; tells whether it may be told. */
  end(): boolean {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    return isFirst;
  }
}
