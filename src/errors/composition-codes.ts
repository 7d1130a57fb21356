/** Codes of problems between a composite and its sub-pipeline. */
export const compositionCodes = [
  'COMPOSITE_INPUT_MISSING',
  'COMPOSITE_INPUT_DUPLICATE',
  'COMPOSITE_OUTPUT_MISSING',
  'COMPOSITE_OUTPUT_DUPLICATE',
  'COMPOSITE_NO_OUTPUT',
  'COMPOSITE_MULTIPLE_OUTPUTS',
  'COMPOSITE_TOO_DEEP',
  'PIPELINE_CYCLE',
  'SUB_PIPELINE_NEEDS_INPUT',
] as const;
