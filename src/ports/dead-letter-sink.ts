import type { ErrorRecord } from './error-record.js';

/** The dictionaries of the context in which an item failed, as plain objects. */
export interface DeadLetterContext {
  /** As they were when the item failed for good; the values are frozen. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** As they were when the item failed for good; the values are frozen. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** The names of the context items; live services are not written down. */
  readonly items: readonly string[];
}

/** A failed item with all that is needed to understand it and to run it again. */
export interface DeadLetterEnvelope {
  /** Identifies this envelope: a new one each time, also for an item that fails again in a later run. */
  readonly id: string;
  /** The item as the deciding node or composite got it. */
  readonly item: unknown;
  /** What failed, as data: the `NODE_FAILED` with the original under `cause`. */
  readonly error: ErrorRecord;
  /** The node where it failed. */
  readonly path: string;
  /** The node or composite whose policy decided. */
  readonly decidedAt: string;
  /** The run of the node or composite that decided. */
  readonly runId: string;
  /** The execution of the node that decided; the item may have failed in a child of that execution. */
  readonly pipelineId: string;
  /** The pipeline of the node that decided. */
  readonly pipelineName: string;
  /** The item's correlation id, where lineage is on. */
  readonly correlationId?: string | undefined;
  /** All tries, the first included. */
  readonly attempts: number;
  /** When the policy had decided, after the last try. */
  readonly failedAt: Date;
  /** The data of the execution in which it failed, which a child may have changed for itself. */
  readonly context: DeadLetterContext;
}

/**
 * Receives items that failed for good; a returned promise is awaited.
 *
 * Items that fail in a child whose composite may try again come once the try in which they failed has succeeded.
 */
export interface DeadLetterSink {
  /** Takes one envelope. A sink that throws ends the run with `SINK_REJECTED`. */
  write(envelope: DeadLetterEnvelope): unknown;
}

/**
 * Completes or replaces an envelope before the sink gets it; applied also to the runner's own sink.
 *
 * It answers at once: one that throws, or gives a promise, ends the run with `SINK_REJECTED`.
 */
export type DeadLetterDecorator = (envelope: DeadLetterEnvelope) => DeadLetterEnvelope;
