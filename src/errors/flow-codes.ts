/** Codes of what goes wrong with single items between composites. */
export const flowCodes = [
  'FLOW_KEY_INVALID',
  'FLOW_TIME_INVALID',
  'FLOW_CAPACITY_EXCEEDED',
  'ROUTE_UNMATCHED',
] as const;
