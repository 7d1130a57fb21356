/** Codes of problems with a context, its keys and what it must hold. */
export const contextCodes = [
  'CONTEXT_KEY_MISSING',
  'CONTEXT_KEY_INVALID',
  'CONTEXT_VALUE_INVALID',
  'CONTEXT_RECIPE_ASYNC',
  'CONTEXT_REQUIREMENT_UNMET',
  'CONTEXT_DISPOSED',
  'NO_CONTEXT',
  'NODE_UNKNOWN',
] as const;
