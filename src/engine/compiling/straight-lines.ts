import type { BlueprintNode } from '../../builder/blueprint.js';
import type { NodeKind } from '../../nodes/node-kind.js';
import type { EdgeIndex } from '../../graph/edge-index.js';

/** Splits a pipeline into rows of nodes without branches or joins; a single node is a row, too. */
export function straightLines(
  nodes: readonly BlueprintNode[],
  connections: EdgeIndex,
): readonly (readonly BlueprintNode[])[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const follower = (node: BlueprintNode): BlueprintNode | undefined => {
    const [edge, another] = connections.edgesOf(node.id);
    if (edge === undefined || another !== undefined || connections.inputsOf(edge.to) > 1) return undefined;
    const next = byId.get(edge.to);
    return next !== undefined && isInLine(node) && isInLine(next) ? next : undefined;
  };
  const followers = new Set(nodes.map(follower));
  const lines: BlueprintNode[][] = [];
  for (const first of nodes) {
    if (followers.has(first)) continue;
    const line: BlueprintNode[] = [];
    for (let node: BlueprintNode | undefined = first; node !== undefined; node = follower(node))
      line.push(node);
    lines.push(line);
  }
  return lines;
}

/** True if a node may be part of a row: a transform, plain sink or operator that processes one item at a time. */
export function isInLine({ kind, isStream, options }: BlueprintNode): boolean {
  return rowKinds.has(kind) && !isStream && options.concurrency === 1;
}

const rowKinds: ReadonlySet<NodeKind> = new Set(['transform', 'stream-transform', 'tap', 'merge', 'sink']);
