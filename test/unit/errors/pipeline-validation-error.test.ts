import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { PipelineValidationError, validationProblem } from '../../../src/errors/pipeline-validation-error.js';

const noSink = validationProblem('SINK_MISSING', 'orders', 'The pipeline has no sink.', 'Add one.');
const twice = validationProblem('DUPLICATE_NODE', 'orders/save', 'Two nodes are so called.', 'Rename one.');

describe('a validation problem', () => {
  test('is plain frozen data whose message says where, what, and what to do', () => {
    expect(noSink).toEqual({
      code: 'SINK_MISSING',
      path: 'orders',
      message: 'orders: The pipeline has no sink. Add one. (docs/errors.md#sink_missing)',
    });
    expect(Object.isFrozen(noSink)).toBe(true);
  });
});

describe('PipelineValidationError', () => {
  test('lists every problem with its code, in order', () => {
    const error = new PipelineValidationError('orders', [noSink, twice]);

    expect(error).toBeInstanceOf(PipelineError);
    expect({ name: error.name, code: error.code, path: error.path }).toEqual({
      name: 'PipelineValidationError',
      code: 'PIPELINE_VALIDATION_FAILED',
      path: 'orders',
    });
    expect(error.errors).toEqual([noSink, twice]);
    expect(error.message.split('\n')).toEqual([
      'orders: The pipeline has 2 problems:',
      `  - [SINK_MISSING] ${noSink.message}`,
      `  - [DUPLICATE_NODE] ${twice.message}`,
      'Mend what each line proposes, then build again. (docs/errors.md#pipeline_validation_failed)',
    ]);
  });

  test('speaks of a single problem as one', () => {
    expect(new PipelineValidationError('orders', [noSink]).message).toContain('The pipeline has a problem:');
  });

  test('keeps a frozen list of its own', () => {
    const given = [noSink];
    const error = new PipelineValidationError('orders', given);
    given.push(twice);

    expect(error.errors).toEqual([noSink]);
    expect(Object.isFrozen(error.errors)).toBe(true);
  });
});
