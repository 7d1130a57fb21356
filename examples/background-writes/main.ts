// 50 requests at once share one background writer. Under whom are its writes booked?
import { explainFailure } from '../format/explain-failure.js';
import { table } from '../format/table.js';
import type { AuditLine } from './audit-log.js';
import { NaiveWriter } from './naive-writer.js';
import { queuedWriter } from './queued-writer.js';
import { isRight, serveRequests } from './serve-requests.js';

const requests = 50;

function row(writer: string, lines: readonly AuditLine[]): string[] {
  const right = lines.filter(isRight).length;
  const tenants = new Set(lines.map(({ tenantId }) => tenantId)).size;
  return [writer, ...[lines.length, right, lines.length - right, tenants].map(String)];
}

await explainFailure(async () => {
  const naive = await serveRequests(requests, (log) => new NaiveWriter(log));
  const queued = await serveRequests(requests, queuedWriter);

  console.log(
    `${String(requests)} requests at once, each with a tenant of its own, and one background writer\n`,
  );
  console.log(
    table(
      [
        { title: 'writer' },
        { title: 'written', align: 'right' },
        { title: 'booked right', align: 'right' },
        { title: 'booked wrong', align: 'right' },
        { title: 'tenants seen', align: 'right' },
      ],
      [row('a loop that the first request starts', naive), row('BackgroundQueue', queued)],
    ),
  );
});
