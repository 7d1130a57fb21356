import { BackgroundQueue } from 'heirline';
import type { AuditLog } from './audit-log.js';
import type { AuditWriter } from './audit-writer.js';

/** The same writer with a queue that works on each line in the context of the request that wrote it. */
export function queuedWriter(log: AuditLog): AuditWriter {
  return new BackgroundQueue<string>({ worker: (request) => log.write(request) });
}
