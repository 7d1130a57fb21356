import { context, diag, trace } from '@opentelemetry/api';
import type { Attributes, Context, SpanOptions, Tracer } from '@opentelemetry/api';
import type {
  ActiveScope,
  CompositeCompleted,
  CompositeStarted,
  CostRecorded,
  ExecutionObserver,
  ItemFailed,
  NodeCompleted,
  NodeStarted,
  PipelineCompleted,
  PipelineFailed,
  PipelineStarted,
  ScopedStart,
} from '../ports/execution-observer.js';
import { OpenSpan } from './open-span.js';
import { parentContext } from './parent-context.js';

/** How spans are made. */
export interface SpanSettings {
  readonly tracer: () => Tracer;
  readonly fanOut: 'nest' | 'link';
  readonly attributes: ((started: ScopedStart) => Attributes | undefined) | undefined;
}

/** An execution whose span is open, with those of its nodes by path. */
interface OpenExecution {
  readonly own: OpenSpan;
  readonly nodes: Map<string, OpenSpan>;
  /** The conversation of the run, which only the start of the run names. */
  readonly threadId: string | undefined;
}

/** Makes a span of each execution, each node of it, and each start of a composite's child. */
export class RunSpans implements ExecutionObserver {
  /** By `pipelineId`. */
  readonly #executions = new Map<string, OpenExecution>();
  /** Of starts of children, by the `pipelineId` of the child. */
  readonly #children = new Map<string, OpenSpan>();

  constructor(private readonly settings: SpanSettings) {}

  scope(started: ScopedStart): ActiveScope {
    switch (started.type) {
      case 'pipelineStarted':
        return this.#startPipeline(started);
      case 'nodeStarted':
        return this.#startNode(started);
      case 'compositeStarted':
        return this.#startChild(started);
    }
  }

  pipelineCompleted(event: PipelineCompleted): void {
    this.#endPipeline(event);
  }

  pipelineFailed(event: PipelineFailed): void {
    this.#endPipeline(event);
  }

  nodeCompleted({ pipelineId, path, outcome }: NodeCompleted): void {
    const nodes = this.#executions.get(pipelineId)?.nodes;
    nodes?.get(path)?.end(outcome);
    nodes?.delete(path);
  }

  compositeCompleted({ childPipelineId, outcome }: CompositeCompleted): void {
    this.#children.get(childPipelineId)?.end(outcome);
    this.#children.delete(childPipelineId);
  }

  itemFailed(event: ItemFailed): void {
    this.#spanAt(event)?.failed(event);
  }

  costRecorded(event: CostRecorded): void {
    this.#spanAt(event)?.spent(event);
  }

  #startPipeline(event: PipelineStarted): OpenSpan {
    const { pipelineId, pipelineName, parentPipelineId } = event;
    const around = parentPipelineId === undefined ? undefined : this.#executions.get(parentPipelineId);
    const threadId = around === undefined ? event.threadId : around.threadId;
    const parent = this.#children.get(pipelineId)?.context ?? around?.own.context ?? parentContext(event);
    const own = this.#start(`pipeline ${pipelineName}`, event, threadId, parent, {
      attributes: { 'heirline.pipeline.name': pipelineName },
    });
    this.#executions.set(pipelineId, { own, nodes: new Map(), threadId });
    return own;
  }

  #startNode(event: NodeStarted): OpenSpan {
    const { pipelineId, path, nodeId, kind } = event;
    const around = this.#executions.get(pipelineId);
    const node = this.#start(`node ${nodeId}`, event, around?.threadId, around?.own.context, {
      attributes: { 'heirline.node.kind': kind },
    });
    around?.nodes.set(path, node);
    return node;
  }

  #startChild(event: CompositeStarted): OpenSpan {
    const { childPipelineId, nodeId, attempt } = event;
    const around = this.#executions.get(event.pipelineId);
    const above = this.#spanAt(event);
    const isLinked = this.settings.fanOut === 'link' && above !== undefined;
    const child = this.#start(`composite ${nodeId}`, event, around?.threadId, above?.context, {
      attributes: { 'heirline.attempt': attempt },
      ...(isLinked ? { root: true, links: [{ context: above.span.spanContext() }] } : {}),
    });
    this.#children.set(childPipelineId, child);
    return child;
  }

  #start(
    name: string,
    event: ScopedStart,
    threadId: string | undefined,
    parent: Context | undefined,
    options: SpanOptions,
  ): OpenSpan {
    const { path, runId, pipelineId, tenantId } = event;
    const attributes: Attributes = {
      'heirline.path': path,
      'heirline.run.id': runId,
      'heirline.pipeline.id': pipelineId,
      ...(tenantId === undefined ? {} : { 'heirline.tenant.id': tenantId }),
      ...(threadId === undefined ? {} : { 'session.id': threadId }),
      ...options.attributes,
      ...this.#ownAttributes(event),
    };
    // An execution that began before there was a tracer has no span.
    const around = parent ?? context.active();
    const span = this.settings.tracer().startSpan(name, { ...options, attributes }, around);
    return new OpenSpan(span, trace.setSpan(around, span));
  }

  #ownAttributes(event: ScopedStart): Attributes | undefined {
    try {
      return this.settings.attributes?.(event);
    } catch (error) {
      diag.error(`heirline: the attributes of the span at '${event.path}' could not be made`, error);
      return undefined;
    }
  }

  #endPipeline(event: PipelineCompleted | PipelineFailed): void {
    const { pipelineId, outcome } = event;
    this.#executions.get(pipelineId)?.own.end(outcome, 'error' in event ? event.error : undefined);
    this.#executions.delete(pipelineId);
  }

  /** The span of a node, or of its execution where the node has none. */
  #spanAt({
    pipelineId,
    path,
  }: {
    readonly pipelineId: string;
    readonly path: string;
  }): OpenSpan | undefined {
    const around = this.#executions.get(pipelineId);
    return around?.nodes.get(path) ?? around?.own;
  }
}
