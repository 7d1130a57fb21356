import { MemoryLineageSink } from 'heirline';
import type { DeadLetterSink, ExecutionEvents, ExecutionObserver, LineageSink } from 'heirline';

const ignore = (): void => undefined;

/** Listens to every event and does nothing with it. */
export const observer: ExecutionObserver = {
  pipelineStarted: ignore,
  pipelineCompleted: ignore,
  pipelineFailed: ignore,
  nodeStarted: ignore,
  nodeCompleted: ignore,
  itemFailed: ignore,
  itemRetried: ignore,
  itemSkipped: ignore,
  itemDeadLettered: ignore,
  itemRecovered: ignore,
  itemCancelled: ignore,
  circuitChanged: ignore,
  costRecorded: ignore,
  compositeStarted: ignore,
  compositeCompleted: ignore,
} satisfies Record<keyof ExecutionEvents, () => void>;

/** Drops every record. */
export const noLineage: LineageSink = { record: ignore };

/** A lineage sink in memory that forgets what the runs before left, at the first record of a new one. */
export class LatestRunLineage implements LineageSink {
  readonly #memory = new MemoryLineageSink();
  #runId = '';

  record(record: Parameters<LineageSink['record']>[0]): void {
    if (record.runId !== this.#runId) this.#memory.clear();
    this.#runId = record.runId;
    this.#memory.record(record);
  }
}

/** Must get nothing: it is there, and no item fails. */
export const unusedDeadLetters: DeadLetterSink = {
  write: () => {
    throw new Error('No item fails here');
  },
};
