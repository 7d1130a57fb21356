import { expect, test } from 'vitest';
import { runPipeline, type PipelineBuilder } from 'heirline';
import { managedResult, type KnownResult } from '../../../src/runs/managed-result.js';

class Small {
  define(builder: PipelineBuilder): void {
    builder.addSink(() => undefined, { name: 'sink', from: builder.addSource([1], 'numbers') });
  }
}

test('a managed result is written as JSON like that of its run, with whether it is stored', async () => {
  const result = await runPipeline(Small);

  expect(JSON.parse(JSON.stringify(managedResult(result, false)))).toEqual({
    ...(JSON.parse(JSON.stringify(result)) as object),
    persisted: false,
  });
});

test('one that is known from a record alone is written with what the record says', () => {
  const known: KnownResult = {
    runId: 'run',
    pipelineName: 'Small',
    status: 'succeeded',
    durationMs: 1,
    abandoned: [],
    failures: { shown: [], total: 0 },
    cost: [],
  };

  expect(JSON.parse(JSON.stringify(managedResult(known, true)))).toEqual({ ...known, persisted: true });
});
