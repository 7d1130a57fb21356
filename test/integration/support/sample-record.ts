import type { LineageHop, LineageRecord } from 'heirline';

/** One node of a way, passed once. */
export function sampleHop(path: string, more: Partial<LineageHop> = {}): LineageHop {
  return {
    nodeId: path.slice(path.lastIndexOf('/') + 1),
    path,
    pipelineId: 'p1',
    pipelineName: 'orders',
    qualifiedName: `orders::${path}`,
    inputs: 1,
    outputs: 1,
    cardinality: 'one',
    attempts: 1,
    ...more,
  };
}

/** The record of an item that was emitted at `orders/save`. */
export function sampleRecord(correlationId: string, more: Partial<LineageRecord> = {}): LineageRecord {
  return {
    correlationId,
    path: 'orders/save',
    pipelineId: 'p1',
    pipelineName: 'orders',
    runId: 'r1',
    outcome: 'emitted',
    terminal: true,
    traversal: [sampleHop('orders/read'), sampleHop('orders/save')],
    attempts: 1,
    at: 1000,
    ...more,
  };
}
