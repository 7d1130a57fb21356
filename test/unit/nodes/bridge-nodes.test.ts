import { expect, test } from 'vitest';
import { PipelineInputSource } from '../../../src/nodes/pipeline-input-source.js';
import { SKIP } from '../../../src/nodes/skip.js';
import { errorOf } from '../support/thrown.js';

test('a composite input opened by hand says how to run its sub-pipeline', () => {
  const error = errorOf(() => new PipelineInputSource().open());

  expect(error.code).toBe('SUB_PIPELINE_NEEDS_INPUT');
  expect(error.message).toContain('runItem');
});

test('SKIP is the same for two copies of the library', () => {
  expect(SKIP).toBe(Symbol.for('heirline.skip'));
});
