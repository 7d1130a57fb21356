/** Codes of problems with what a run carries: tenant, secrets, budget, session, background work, isolation. */
export const runContextCodes = [
  'SECRET_NOT_FOUND',
  'SECRET_UNAVAILABLE',
  'BUDGET_EXCEEDED',
  'TENANT_REQUIRED',
  'CARRIER_INVALID',
  'SESSION_CLOSED',
  'SESSION_CONFLICT',
  'QUEUE_FULL',
  'QUEUE_CLOSED',
  'ISOLATION_BROKEN',
] as const;
