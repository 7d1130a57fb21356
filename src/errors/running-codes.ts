/** Codes of what goes wrong while a pipeline runs. */
export const runningCodes = [
  'NODE_FAILED',
  'NODE_ACTIVATION_FAILED',
  'NODE_TIMEOUT',
  'SOURCE_EXHAUSTED',
  'RUN_CANCELLED',
  'DISPOSAL_FAILED',
  'ITEMS_FAILED',
  'TOLERANCE_EXCEEDED',
  'CIRCUIT_OPEN',
  'BULKHEAD_FULL',
  'POLICY_INVALID',
  'DEAD_LETTER_FULL',
  'SINK_REJECTED',
  'REPLAY_INCOMPATIBLE',
] as const;
