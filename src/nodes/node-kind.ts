import type { NodeKind } from '../ports/node-kind.js';

export type { NodeKind } from '../ports/node-kind.js';

const starts: ReadonlySet<NodeKind> = new Set(['source', 'composite-input']);
const ends: ReadonlySet<NodeKind> = new Set(['sink', 'composite-output']);

/** Whether items enter the pipeline at a node of this kind: nothing can be connected into it. */
export function isStart(kind: NodeKind): boolean {
  return starts.has(kind);
}

/** Whether items leave the pipeline at a node of this kind: nothing can be connected from it. */
export function isEnd(kind: NodeKind): boolean {
  return ends.has(kind);
}
