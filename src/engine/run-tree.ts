import type { NodeCounts } from '../ports/node-counts.js';

/** A node of a run, or its root, with what stands below. */
export interface RunTree {
  readonly id: string;
  readonly path: string;
  /** By id, in the order of the pipeline. */
  readonly below: ReadonlyMap<string, RunTree>;
  /** The name of the pipeline that runs below; undefined where nothing does. */
  readonly pipelineName: string | undefined;
}

class Branch implements RunTree {
  readonly below = new Map<string, Branch>();
  pipelineName: string | undefined;

  constructor(
    readonly id: string,
    readonly path: string,
  ) {}

  /** The node of an id below this one, which is added where it is not there. */
  child(id: string): Branch {
    let child = this.below.get(id);
    if (child === undefined) this.below.set(id, (child = new Branch(id, `${this.path}/${id}`)));
    return child;
  }
}

/** The tree of a run's nodes, made of their paths. */
export function runTree(
  pipelineName: string,
  nodes: ReadonlyMap<string, Pick<NodeCounts, 'pipelineName'>>,
): RunTree {
  const root = new Branch(pipelineName, pipelineName);
  for (const [path, counts] of nodes) {
    const ids = path.slice(pipelineName.length + 1).split('/');
    const parent = ids.slice(0, -1).reduce((branch, id) => branch.child(id), root);
    // A fallback counts in the pipeline of the node that it stands below.
    if (counts.pipelineName !== nodes.get(parent.path)?.pipelineName)
      parent.pipelineName = counts.pipelineName;
    parent.child(ids.at(-1) ?? '');
  }
  return root;
}
