import type { DeadLetterEnvelope } from '../ports/dead-letter-sink.js';
import { markedLetter } from '../resilience/letter-claims.js';
import { letterLine, readLetterLine } from '../resilience/letter-lines.js';
import { hashOf } from './row-keys.js';
import type { SqlRow, SqlValues } from './statement.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

/** The values of a letter's row. */
export function valuesOfLetter(envelope: DeadLetterEnvelope): SqlValues {
  const { id, path, runId } = envelope;
  const letter = letterLine(envelope);
  return {
    letterKey: hashOf(id),
    path: toStoredText(path),
    pathKey: hashOf(path),
    runId: toStoredText(runId),
    runKey: hashOf(runId),
    size: letter.length,
    letter,
  };
}

/** The place of a row in the order of letters. */
export function placeOfLetter(row: SqlRow): number {
  return new StoredRow(row, 'a dead letter').number('position');
}

/**
 * Reads the row of a letter, with what replays have said about it.
 *
 * @throws {@link PipelineError} `STORE_UNAVAILABLE` where a column holds what no sink writes.
 */
export function storedLetter(row: SqlRow): DeadLetterEnvelope {
  const stored = new StoredRow(row, `the dead letter at position ${String(placeOfLetter(row))}`);
  const written = readLetterLine(stored.text('letter'));
  if (written?.kind !== 'letter') throw stored.damaged('letter');
  const marks = stored
    .text('marks')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const read = readLetterLine(line);
      if (read?.kind !== 'mark') throw stored.damaged('marks');
      return read.mark;
    });
  return marks.reduce(markedLetter, written.envelope);
}
