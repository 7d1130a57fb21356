import { lineageLine, readLineageLine } from '../lineage/lineage-lines.js';
import { pathsOf } from '../lineage/which-records.js';
import type { LineageRecord } from '../ports/lineage-sink.js';
import { hashOf } from './row-keys.js';
import type { SqlRow } from './statement.js';
import { StoredRow } from './stored-row.js';
import { toStoredText } from './stored-text.js';

/** The columns of a record's row by name, as they stand in the list of a batch. */
export interface LineageRow {
  readonly item_key: string;
  readonly correlation_id: string;
  readonly run_key: string;
  readonly tenant_key: string | null;
  readonly output_key: string | null;
  readonly way_key: string;
  readonly terminal: 0 | 1;
  readonly happened_at: number;
  readonly record: string;
}

/** A node of a way. */
export interface WayRow {
  readonly path_key: string;
  readonly way_key: string;
}

/** A record as it is written: its row, and the paths of its way. */
export interface WrittenRecord {
  readonly row: LineageRow;
  readonly paths: readonly string[];
}

const keyOf = (text: string | undefined): string | null => (text === undefined ? null : hashOf(text));

/** Makes the row of a record. */
export function writtenRecord(record: LineageRecord): WrittenRecord {
  const { correlationId, runId, tenantId, key, terminal, at } = record;
  const paths = [...pathsOf(record)].sort();
  return {
    paths,
    row: {
      item_key: hashOf(correlationId),
      correlation_id: toStoredText(correlationId),
      run_key: hashOf(runId),
      tenant_key: keyOf(tenantId),
      output_key: keyOf(key),
      way_key: hashOf(JSON.stringify(paths)),
      terminal: terminal ? 1 : 0,
      happened_at: at,
      record: lineageLine(record),
    },
  };
}

/** The nodes of a way. */
export function rowsOfWay({ row: { way_key }, paths }: WrittenRecord): readonly WayRow[] {
  return paths.map((path) => ({ path_key: hashOf(path), way_key }));
}

/**
 * Reads the row of a record.
 *
 * @throws {@link PipelineError} `STORE_UNAVAILABLE` where a column holds what no sink writes.
 */
export function storedRecord(row: SqlRow): LineageRecord {
  const stored = new StoredRow(row, `the lineage record at position ${String(placeOfRecord(row))}`);
  const record = readLineageLine(stored.text('record'));
  if (record === undefined) throw stored.damaged('record');
  return record;
}

/** The place of a row in the order of records. */
export function placeOfRecord(row: SqlRow): number {
  return new StoredRow(row, 'a lineage record').number('position');
}
