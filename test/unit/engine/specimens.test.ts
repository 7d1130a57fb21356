import { expect, test } from 'vitest';
import { currentContext } from '../../../src/context/ambient-context.js';
import { PipelineRunner } from '../../../src/engine/pipeline-runner.js';
import { noteRun, specimenCount } from '../../../src/engine/specimens.js';
import type { PipelineBuilder } from '../../../src/builder/pipeline-builder.js';

class Root {
  define(builder: PipelineBuilder): void {
    builder.addSink(
      () => {
        expect(specimenCount()).toBe(0);
        noteRun();
        // Made at once, and outside of this run.
        expect(currentContext()?.path).toBe('Root');
      },
      { from: builder.addSource([1]) },
    );
  }
}

test('specimens are made with the second run: of what pulls a source, and of a child', async () => {
  await new PipelineRunner().run(Root);

  expect(specimenCount()).toBe(2);
});
