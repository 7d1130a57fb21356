import type { RootContext } from '../../context/root-context.js';
import { ItemPayload } from '../../lineage/item-payload.js';
import { RecordWriter } from '../../lineage/record-writer.js';
import { RunLineage } from '../../lineage/run-lineage.js';

/** How many records a sink may have taken and not settled. */
const MOST_PENDING = 64;

/** The lineage that the context of a run asks for; undefined if nobody keeps any. */
export function openLineage({ context, frame }: RootContext): RunLineage | undefined {
  const { lineage, run } = frame.services;
  if (lineage === undefined) return undefined;
  const report = (error: unknown, message: string): void => {
    frame.report('error', { error }, message);
  };
  return new RunLineage(lineage, {
    runId: context.runId,
    clock: frame.scope.clock,
    payload: new ItemPayload(lineage, (value) => run.redactor.data(value), report),
    writer: new RecordWriter(lineage.sink, lineage.maxPending ?? MOST_PENDING),
  });
}
