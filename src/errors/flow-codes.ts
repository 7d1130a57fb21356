/** Codes of what goes wrong with single items between composites. */
export const flowCodes = ['FLOW_KEY_INVALID'] as const;
