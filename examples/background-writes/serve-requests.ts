import { contextKey, PipelineRunner, type PipelineBuilder, type PipelineDefinition } from 'heirline';
import { AuditLog, type AuditLine } from './audit-log.js';
import type { AuditWriter } from './audit-writer.js';

const Audit = contextKey<AuditWriter>('audit');

/** One request: it does its work, and leaves an audit line to the background. */
class Request implements PipelineDefinition {
  static readonly pipeline = { requires: { items: [Audit] } };

  define(builder: PipelineBuilder): void {
    const orders = builder.addSource(['an order'], 'orders');
    builder.addSink((_order, { items, run }) => items.require(Audit).enqueue(run.correlationId), {
      name: 'save',
      from: orders,
    });
  }
}

/** Runs so many requests at once, each of a tenant of its own, through one writer; gives what the log has then. */
export async function serveRequests(
  count: number,
  writerOf: (log: AuditLog) => AuditWriter,
): Promise<readonly AuditLine[]> {
  const log = new AuditLog();
  const audit = writerOf(log);
  const runner = new PipelineRunner({ requireTenant: true });
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      runner.run(Request, {
        items: [[Audit, audit]],
        run: { tenantId: `tenant-${String(index)}`, correlationId: `request-${String(index)}` },
      }),
    ),
  );
  await audit.close();
  return log.lines;
}

/** Whether a line was booked under the request that it is about, and under its tenant. */
export function isRight({ request, correlationId, tenantId }: AuditLine): boolean {
  return correlationId === request && tenantId === request.replace('request', 'tenant');
}
