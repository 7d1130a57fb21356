import type { NodeCounts } from 'heirline';

/** The counts of a node while a model counts: as a result has them. */
export type Counts = { -readonly [TName in keyof Omit<NodeCounts, 'nodeId' | 'pipelineName'>]: number };

/** The counts of a node that no item has reached. */
export function noCounts(): Counts {
  return {
    in: 0,
    out: 0,
    filtered: 0,
    deadLettered: 0,
    failed: 0,
    cancelled: 0,
    retried: 0,
    emitted: 0,
    recovered: 0,
    ignored: 0,
  };
}
