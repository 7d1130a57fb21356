import type { Outcome } from '../../ports/execution-observer.js';
import type { Execution } from './execution.js';
import type { ToldNode } from './told-events.js';

// Each event is written out where it is made: to put one together of parts takes several times as long.

/** Tells that all nodes of an execution have started. */
export function tellNodesStarted(execution: Execution, nodes: readonly ToldNode[]): void {
  const { told, audience, frame } = execution;
  if (told?.startNodes(nodes) !== true || audience?.hears('nodeStarted') !== true) return;
  const { runId, pipelineId } = told;
  const at = frame.scope.clock.now();
  for (const { site } of nodes) {
    const { id: nodeId, path, kind, metadata } = site;
    const event = { type: 'nodeStarted', path, runId, pipelineId, at, nodeId, kind, metadata };
    audience.tell(Object.freeze(event), frame);
  }
}

/** Tells how a node has ended; a second call does nothing. */
export function tellNodeCompleted(execution: Execution, node: ToldNode, outcome: Outcome): void {
  const { told, audience, frame, run } = execution;
  if (told?.endNode(node) !== true || run.isTold || audience?.hears('nodeCompleted') !== true) return;
  const { runId, pipelineId } = told;
  const { id: nodeId, path } = node.site;
  const at = frame.scope.clock.now();
  audience.tell(
    Object.freeze({ type: 'nodeCompleted', path, runId, pipelineId, at, nodeId, outcome }),
    frame,
  );
}

/** Tells that a composite has started a child. */
export function tellChildStarted(
  execution: Execution,
  node: ToldNode,
  childPipelineId: string,
  attempt: number,
): void {
  const { told, audience, frame, run } = execution;
  if (told?.startChild(node, childPipelineId, attempt) !== true) return;
  if (run.isTold || audience?.hears('compositeStarted') !== true) return;
  const { runId, pipelineId } = told;
  const { id: nodeId, path } = node.site;
  const at = frame.scope.clock.now();
  const event = { type: 'compositeStarted', path, runId, pipelineId, at, nodeId, childPipelineId, attempt };
  audience.tell(Object.freeze(event), frame);
}

/** Tells how a child has ended; a second call does nothing. */
export function tellChildCompleted(
  execution: Execution,
  node: ToldNode,
  childPipelineId: string,
  attempt: number,
  outcome: Outcome,
): void {
  const { told, audience, frame, run } = execution;
  if (told?.endChild(childPipelineId) !== true) return;
  if (run.isTold || audience?.hears('compositeCompleted') !== true) return;
  const { runId, pipelineId } = told;
  const { id: nodeId, path } = node.site;
  const at = frame.scope.clock.now();
  audience.tell(
    Object.freeze({
      type: 'compositeCompleted',
      path,
      runId,
      pipelineId,
      at,
      nodeId,
      childPipelineId,
      attempt,
      outcome,
    }),
    frame,
  );
}
