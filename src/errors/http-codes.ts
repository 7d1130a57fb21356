/** Codes of requests that never reach the manager of runs, or whose answer is no record. */
export const httpCodes = [
  'ENDPOINT_UNKNOWN',
  'METHOD_NOT_ALLOWED',
  'PAYLOAD_TOO_LARGE',
  'RUN_NOT_CANCELLABLE',
  'REQUEST_FAILED',
] as const;
