import { describe, expect, test } from 'vitest';
import { NoContextError } from '../../../src/errors/no-context-error.js';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { matchesError } from '../../../src/resilience/error-matcher.js';

class Busy extends Error {}

describe('a matcher', () => {
  test('that is a class chooses its instances and those of its subclasses', () => {
    expect(matchesError(Busy, new Busy())).toBe(true);
    expect(matchesError(Error, new Busy())).toBe(true);
    expect(matchesError(PipelineError, new NoContextError())).toBe(true);
    expect(matchesError(Busy, new Error())).toBe(false);
    expect(matchesError(Error, 'text')).toBe(false);
  });

  test('that is a text chooses by code, on whatever has one', () => {
    expect(matchesError('NO_CONTEXT', new NoContextError())).toBe(true);
    expect(matchesError('ECONNRESET', Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe(true);
    expect(matchesError('E1', { code: 'E1' })).toBe(true);
    for (const other of [new Error('E1'), 'E1', null, undefined, { code: 'E2' }]) {
      expect(matchesError('E1', other)).toBe(false);
    }
  });

  test('that is a function is asked, whether it is an arrow or not', () => {
    const asked: unknown[] = [];
    expect(matchesError((error) => asked.push(error) > 0, 'thrown')).toBe(true);
    expect(
      matchesError(function (error) {
        return error === 'other';
      }, 'thrown'),
    ).toBe(false);
    expect(asked).toEqual(['thrown']);
  });
});
