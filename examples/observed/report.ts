import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainItem, explainRun, type MemoryLineageSink } from 'heirline';
import { table, whole } from '../format/table.js';
import type { ObservedOutcome } from './run-observed.js';

interface WrittenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

/** The report of a run as text, the same in every run: how many, why, and what the trace holds. */
export async function report({ graph, result, lineage }: ObservedOutcome, folder: string): Promise<string> {
  const records = lineage.passedThrough('observed/records');
  const first = (outcome: string) =>
    records.find((record) => record.outcome === outcome)?.correlationId ?? '?';
  const deadLettered = result.nodes.get('observed/enrich')?.deadLettered ?? 0;
  const text = await readFile(join(folder, 'trace.ndjson'), 'utf8');
  const spans = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as WrittenSpan);
  return [
    'Observed: one run, seen from inside',
    '',
    explainRun(result, { graph, times: false }),
    '',
    `What became of a record? ${whole(deadLettered)} were put aside; this is one of them, and one that went through.`,
    '',
    await explained(lineage, first('deadLettered')),
    '',
    await explained(lineage, first('emitted')),
    '',
    `The trace: ${whole(spans.length)} spans of ${whole(new Set(spans.map(({ traceId }) => traceId)).size)} trace`,
    '',
    spanTable(spans),
    '',
    'Written: flights.ndjson, flights.svg, trace.ndjson',
  ].join('\n');
}

/** What the lineage tells of an item; when that was is another time in every run. */
async function explained(lineage: MemoryLineageSink, correlationId: string): Promise<string> {
  const text = await explainItem(lineage, correlationId, { width: 100 });
  return text.replace(/\d{4}-\d\d-\d\dT\S+Z/g, '(time)');
}

/** How many spans there are of each kind, and below which they lie. */
function spanTable(spans: readonly WrittenSpan[]): string {
  const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const counts = new Map<string, number>();
  for (const { name, parentSpanId } of spans) {
    const place = `${nameOf.get(parentSpanId ?? '') ?? ''} > ${name}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const rows = [...counts].map(([place, count]) => [...place.split(' > '), whole(count)]);
  rows.sort((one, other) => (one.join() < other.join() ? -1 : 1));
  return table([{ title: 'below' }, { title: 'span' }, { title: 'spans', align: 'right' }], rows);
}
