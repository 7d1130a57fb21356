/** The largest ratios of heirline's time that are good enough; no goal where undefined. */
export interface Goals {
  readonly toFloor?: number | undefined;
  readonly toBestPeer?: number | undefined;
}

/** The major version of the Node that runs. */
export const nodeMajor = Number.parseInt(process.versions.node, 10);

/** What later Nodes may take more than Node 20, where no other goal is given for them. */
const LATER_NODES = 1.15;

/**
 * The goal on the Node that runs: given for Node 20, and for a later one where that has a figure of its own.
 *
 * @param later the goal on Node 22 and above, `on24` the one on Node 24 and above.
 */
export function goalOnThisNode(
  on20: number,
  { later = on20 * LATER_NODES, on24 = later }: { readonly later?: number; readonly on24?: number } = {},
): number {
  if (nodeMajor >= 24) return on24;
  return nodeMajor >= 22 ? later : on20;
}
