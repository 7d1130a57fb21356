import { expect, test, vi } from 'vitest';
import type { PipelineBuilder } from '../../../src/builder/pipeline-builder.js';

test('specimens are made with the second run: of what pulls a source, and of a child', async () => {
  // As in a process that has run nothing yet.
  vi.resetModules();
  const { currentContext } = await import('../../../src/context/ambient-context.js');
  const { PipelineRunner } = await import('../../../src/engine/pipeline-runner.js');
  const { noteRun, specimenCount } = await import('../../../src/engine/specimens.js');
  let seen: unknown;
  const second = (): void => {
    seen = specimenCount();
    noteRun();
    // They are made outside of this run.
    seen = [seen, currentContext()?.path];
  };
  class Root {
    define(builder: PipelineBuilder): void {
      builder.addSink(second, { from: builder.addSource([1]) });
    }
  }

  await new PipelineRunner().run(Root);

  expect(seen).toEqual([0, 'Root']);
  expect(specimenCount()).toBe(2);
});
