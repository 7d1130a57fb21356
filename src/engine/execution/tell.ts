import type {
  ActiveScope,
  NodeCompleted,
  NodeStarted,
  Outcome,
  ScopedStart,
} from '../../ports/execution-observer.js';
import { ActiveScopes } from './active-scopes.js';
import type { Execution } from './execution.js';
import type { StageSite } from './stage-site.js';
import type { ToldEvents, ToldNode } from './told-events.js';

// Each event is written out where it is made: to put one together of parts takes several times as long.

/** Asks observers what they want active while code of the nodes of an execution runs. */
export function askNodeScopes(execution: Execution, nodes: readonly ToldNode[]): void {
  const { told, run, frame } = execution;
  if (!run.hasScopes || told === undefined || told.isOver || run.isTold) return;
  const at = frame.scope.clock.now();
  const scopes = (execution.scopes ??= new ActiveScopes(undefined));
  for (const { site } of nodes) {
    // The input and the output of a child run no code.
    if (site.kind === 'composite-input' || site.kind === 'composite-output') continue;
    const scope = askScope(execution, nodeStarted(told, site, at));
    if (scope !== undefined) scopes.set(site.path, scope);
  }
}

/** Asks observers for what they want active while code of what has started runs. */
export function askScope({ audience, frame }: Execution, started: ScopedStart): ActiveScope | undefined {
  return audience?.scopeOf(started, frame);
}

/** Tells that all nodes of an execution have started. */
export function tellNodesStarted(execution: Execution, nodes: readonly ToldNode[]): void {
  const { told, audience, frame } = execution;
  if (told?.startNodes(nodes) !== true || audience?.hears('nodeStarted') !== true) return;
  const at = frame.scope.clock.now();
  for (const { site } of nodes) audience.tell(nodeStarted(told, site, at), frame);
}

function nodeStarted(told: ToldEvents<ToldNode, Execution>, site: StageSite, at: number): NodeStarted {
  const { runId, pipelineId, tenantId, parentPipelineId } = told;
  const { id: nodeId, path, kind, metadata } = site;
  return Object.freeze({
    type: 'nodeStarted',
    path,
    runId,
    pipelineId,
    at,
    tenantId,
    parentPipelineId,
    nodeId,
    kind,
    metadata,
  });
}

/** Tells how a node has ended; a second call does nothing. */
export function tellNodeCompleted(execution: Execution, node: ToldNode, outcome: Outcome): void {
  tellNodesCompleted(execution, [node], outcome);
}

/** Tells how nodes have ended that ended together; of those that have ended before nothing. */
export function tellNodesCompleted(execution: Execution, nodes: readonly ToldNode[], outcome: Outcome): void {
  const { told, audience, frame, run } = execution;
  if (told === undefined) return;
  const isHeard = !run.isTold && audience?.hears('nodeCompleted') === true;
  const at = isHeard ? frame.scope.clock.now() : 0;
  for (const node of nodes) {
    if (told.endNode(node) && isHeard) audience.tell(nodeCompleted(told, node.site, at, outcome), frame);
  }
}

function nodeCompleted(
  told: ToldEvents<ToldNode, Execution>,
  { id: nodeId, path }: StageSite,
  at: number,
  outcome: Outcome,
): NodeCompleted {
  const { runId, pipelineId, tenantId, parentPipelineId } = told;
  return Object.freeze({
    type: 'nodeCompleted',
    path,
    runId,
    pipelineId,
    at,
    tenantId,
    parentPipelineId,
    nodeId,
    outcome,
  });
}

/** Tells that a composite has started a child; in a child that does not inherit the observer the scope of this is active. */
export function tellChildStarted(
  execution: Execution,
  node: ToldNode,
  child: Execution,
  attempt: number,
): void {
  const { told, audience, frame, run } = execution;
  const childPipelineId = child.frame.pipelineId;
  const at = frame.scope.clock.now();
  if (told?.startChild(node, childPipelineId, attempt, at) !== true) return;
  const isHeard = audience?.hears('compositeStarted') === true;
  if (run.isTold || !(isHeard || run.hasScopes)) return;
  const { runId, pipelineId, tenantId, parentPipelineId } = told;
  const { id: nodeId, path } = node.site;
  const event = Object.freeze({
    type: 'compositeStarted',
    path,
    runId,
    pipelineId,
    at,
    tenantId,
    parentPipelineId,
    nodeId,
    childPipelineId,
    attempt,
  });
  if (isHeard) audience.tell(event, frame);
  if (run.hasScopes) child.scopes = new ActiveScopes(askScope(execution, event));
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
  const { runId, pipelineId, tenantId, parentPipelineId } = told;
  const { id: nodeId, path } = node.site;
  const at = frame.scope.clock.now();
  audience.tell(
    Object.freeze({
      type: 'compositeCompleted',
      path,
      runId,
      pipelineId,
      at,
      tenantId,
      parentPipelineId,
      nodeId,
      childPipelineId,
      attempt,
      outcome,
    }),
    frame,
  );
}
