import type { DeadLetterEnvelope } from 'heirline';

/** A letter as a run writes one, with a number as its id. */
export function sampleLetter(
  number: number,
  item: unknown,
  more: Partial<DeadLetterEnvelope> = {},
): DeadLetterEnvelope {
  return {
    version: 1,
    id: String(number),
    item,
    error: { name: 'PipelineError', code: 'NODE_FAILED', message: 'it failed' },
    path: 'orders/check',
    decidedAt: 'orders/check',
    runId: 'r1',
    pipelineId: 'p1',
    pipelineName: 'orders',
    pipelineNames: ['orders'],
    attempts: 1,
    failedAt: new Date(1_700_000_000_000 + number),
    context: { parameters: {}, properties: {}, items: [] },
    replays: [],
    ...more,
  };
}
