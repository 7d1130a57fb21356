/** Codes of problems with runs that a manager keeps: admission, ownership, the store. */
export const runManagerCodes = [
  'RUN_CONFLICT',
  'RUN_NOT_FOUND',
  'STRATEGY_UNKNOWN',
  'ACTION_UNKNOWN',
  'IDEMPOTENCY_CONFLICT',
  'LEASE_LOST',
  'STORE_UNAVAILABLE',
  'STORE_SCHEMA_UNSUPPORTED',
  'METADATA_INVALID',
  'MANAGER_CLOSED',
  'DEFINITION_UNKNOWN',
  'SESSION_NOT_STORABLE',
] as const;
