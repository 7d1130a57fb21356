import { describe, expect, test } from 'vitest';
import { NoContextError } from '../../../src/errors/no-context-error.js';
import { PipelineError } from '../../../src/errors/pipeline-error.js';

describe('PipelineError', () => {
  test('says where, what, and what to do next with the section of the manual', () => {
    const error = new PipelineError('NODE_FAILED', {
      path: 'orders/check',
      problem: 'The node failed: no stock.',
      remedy: 'Mend it.',
    });

    expect(error.message).toBe(
      'orders/check: The node failed: no stock. Mend it. (docs/errors.md#node_failed)',
    );
    expect({ code: error.code, path: error.path }).toEqual({ code: 'NODE_FAILED', path: 'orders/check' });
  });

  test('leaves the place out where there is none', () => {
    const details = { problem: 'It is so.', remedy: 'Change it.' };

    for (const path of [undefined, '']) {
      expect(new PipelineError('OPTION_INVALID', { ...details, path }).message).toMatch(/^It is so\. /);
    }
  });

  test('is an Error with a name of its own, which instances share and logs do not list', () => {
    const error = new PipelineError('NO_CONTEXT', { problem: 'P.', remedy: 'R.' });

    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('PipelineError');
    expect(Object.keys(error)).toEqual(['code', 'path']);
    expect(error.stack).toContain('PipelineError');
  });

  test('keeps the original as cause, as it was thrown, and has no cause without one', () => {
    const thrown = { not: 'an error' };
    const details = { problem: 'P.', remedy: 'R.' };

    expect(new PipelineError('NODE_FAILED', { ...details, cause: thrown }).cause).toBe(thrown);
    expect(new PipelineError('NODE_FAILED', { ...details, cause: null }).cause).toBeNull();
    expect('cause' in new PipelineError('NODE_FAILED', details)).toBe(false);
  });
});

test('NoContextError is the NO_CONTEXT of the family, with its own name', () => {
  const error = new NoContextError();

  expect(error).toBeInstanceOf(PipelineError);
  expect({ name: error.name, code: error.code }).toEqual({ name: 'NoContextError', code: 'NO_CONTEXT' });
  expect(error.message).toContain('withContext');
});
