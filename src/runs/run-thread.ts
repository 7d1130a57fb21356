import type { RunThread } from './run-store.js';

/** One text per thread: that of a tenant never equals that of another tenant, or of none. */
export function threadKey({ tenantId, threadId }: RunThread): string {
  return tenantId === undefined ? `:${threadId}` : `${String(tenantId.length)}:${tenantId}:${threadId}`;
}

/** The thread of a run that has one. */
export function threadOf(run: {
  readonly threadId?: string | undefined;
  readonly tenantId?: string | undefined;
}): RunThread | undefined {
  const { threadId, tenantId } = run;
  return threadId === undefined ? undefined : { threadId, tenantId };
}
