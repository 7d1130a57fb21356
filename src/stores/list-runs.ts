import { sql } from 'kysely';
import { runNotFound } from '../errors/run-errors.js';
import type { RunFilter } from '../runs/run-store.js';
import { threadKeyOf, threadKeysOf } from './row-keys.js';
import { recordColumns } from './run-database.js';
import type { RunStatements } from './run-statements.js';
import type { SqlDialect } from './sql-dialect.js';
import { Statement } from './statement.js';
import type { SqlRow, Steps } from './statement.js';
import { toStoredText } from './stored-text.js';

/** The rows of runs, the newest first. Compiled for each call, since each part of the filter may be absent. */
export function* listRuns(
  statements: RunStatements,
  { compiler }: SqlDialect,
  { threadId, tenantId, status, limit, before }: RunFilter,
): Steps<readonly SqlRow[]> {
  const tenant = typeof tenantId === 'string' ? toStoredText(tenantId) : tenantId;
  let query = compiler.selectFrom('heirline_runs').select(recordColumns);
  if (before !== undefined) {
    const [place] = yield statements.place.with({ runId: toStoredText(before) });
    if (place === undefined || (tenant !== undefined && place['tenant_id'] !== tenant))
      throw runNotFound(before);
    query = query.where('position', '<', Number(place['position']));
  }
  if (threadId !== undefined && tenantId === undefined) {
    const [from, to] = threadKeysOf(threadId);
    query = query.where('thread_key', '>=', from).where('thread_key', '<', to);
  } else if (threadId !== undefined) {
    query = query.where(
      'thread_key',
      '=',
      threadKeyOf({ threadId, tenantId: tenantId ?? undefined }) ?? null,
    );
  } else if (tenant !== undefined) {
    query = tenant === null ? query.where('tenant_id', 'is', null) : query.where('tenant_id', '=', tenant);
  }
  // `in ()` is no SQL everywhere.
  if (status !== undefined)
    query = status.length > 0 ? query.where('status', 'in', status) : query.where(sql<boolean>`1 = 0`);
  return yield new Statement(query.orderBy('position', 'desc').limit(limit)).with();
}
