import { afterEach, describe, expect, test, vi } from 'vitest';
import { reportFailure } from '../../../src/context/report-failure.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { root } from '../support/frames.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a failure that no caller hears of', () => {
  const problem = new RangeError('no');

  test('is an error line of the logger of its context', () => {
    const lines: unknown[] = [];
    const logger = {
      ...silentLogger,
      error: (fields: object, message: string) => lines.push([fields, message]),
    };
    reportFailure(root({ logger }).frame, problem, 'it failed');

    expect(lines).toEqual([[expect.objectContaining({ error: problem }), 'it failed']]);
  });

  test.each<[string, () => Parameters<typeof reportFailure>[0]]>([
    ['without a context', () => undefined],
    ['in a context whose logger drops all', () => root().frame],
  ])('is a warning of the process %s', (_name, frame) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    reportFailure(frame(), problem, 'it failed');

    expect(warned.mock.calls).toEqual([
      ['it failed: no', { detail: expect.stringContaining('RangeError: no') as string }],
    ]);
  });
});
