import type { LineageHop, LineageRecord } from '../ports/lineage-sink.js';
import type { QueryableLineageSink } from '../ports/queryable-lineage-sink.js';

/** A sink, and how it is closed, where it can be. */
export type TestedLineageSink = QueryableLineageSink & { close?(): unknown };

/** One thing that must be true of a sink. */
export type LineageCase = (samples: LineageSamples) => Promise<void>;

/** Records for one case, and what it asks of the sink. */
export class LineageSamples {
  constructor(readonly sink: TestedLineageSink) {}

  /** One node of a way. */
  hop(path: string, fields: Partial<LineageHop> = {}): LineageHop {
    const nodeId = path.slice(path.lastIndexOf('/') + 1);
    return {
      nodeId,
      path,
      pipelineId: 'pipeline-1',
      pipelineName: 'orders',
      qualifiedName: `orders::${nodeId}`,
      inputs: 1,
      outputs: 1,
      cardinality: 'one',
      attempts: 1,
      ...fields,
    };
  }

  /** The record of an item that ended well, as a run writes it. */
  ended(correlationId: string, fields: Partial<LineageRecord> = {}): LineageRecord {
    return {
      correlationId,
      path: 'orders/save',
      pipelineId: 'pipeline-1',
      pipelineName: 'orders',
      runId: 'run-1',
      outcome: 'emitted',
      terminal: true,
      traversal: ['orders/read', 'orders/check', 'orders/save'].map((path) => this.hop(path)),
      attempts: 1,
      at: 1_700_000_000_000,
      ...fields,
    };
  }

  /** The record of an item that has passed a node, as a run writes it that captures all. */
  passed(correlationId: string, path: string, fields: Partial<LineageRecord> = {}): LineageRecord {
    const traversal = [this.hop(path)];
    return this.ended(correlationId, { path, outcome: 'passed', terminal: false, traversal, ...fields });
  }

  /** Records some, one after the other. */
  async record(...records: readonly LineageRecord[]): Promise<void> {
    for (const record of records) await this.sink.record(record);
  }

  /** The ids of the items that passed a node. */
  async through(path: string): Promise<readonly string[]> {
    return (await this.sink.passedThrough(path)).map(({ correlationId }) => correlationId);
  }
}
