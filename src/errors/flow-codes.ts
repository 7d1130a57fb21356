/** Codes of what goes wrong with single items between composites. */
export const flowCodes = [
  'FLOW_KEY_INVALID',
  'FLOW_TIME_INVALID',
  'FLOW_ITEM_LATE',
  'FLOW_CAPACITY_EXCEEDED',
  'ITEM_INVALID',
  'ROUTE_UNMATCHED',
] as const;
