import { describe, expect, test } from 'vitest';
import {
  readAheadProblems,
  resolveOptions,
  shownOptions,
  streamCompositeProblems,
} from '../../../src/builder/option-shapes.js';
import { policyText } from '../../../src/builder/shown-options.js';
import { contextKey } from '../../../src/context/context-key.js';
import { ErrorPolicy, errorPolicy } from '../../../src/resilience/error-policy.js';
import { inheritance } from '../support/frames.js';

describe('a node’s options', () => {
  test('have defaults', () => {
    expect(resolveOptions({})).toEqual({
      concurrency: 1,
      ordered: true,
      readAhead: 2,
      errorPolicy: undefined,
      timeoutMs: undefined,
      lifetime: 'execution',
    });
  });

  test('are taken as given, and a short policy as the policy it stands for', () => {
    const policy = errorPolicy({ on: Error, then: 'skip' });
    const given = { concurrency: 4, ordered: true, readAhead: 6, timeoutMs: 50, lifetime: 'run' } as const;

    expect(resolveOptions({ ...given, errorPolicy: policy })).toEqual({ ...given, errorPolicy: policy });
    const short = resolveOptions({ errorPolicy: 'deadLetter' }).errorPolicy;
    expect(short).toBeInstanceOf(ErrorPolicy);
    expect(short?.decide(['e'], 1)).toEqual({ action: 'deadLetter' });
  });
});

describe('how far a node reads ahead', () => {
  test('is twice as many items as are worked on at once, unless it is given', () => {
    expect(resolveOptions({ concurrency: 8 }).readAhead).toBe(16);
    expect(resolveOptions({ concurrency: 8, readAhead: 100 }).readAhead).toBe(100);
  });

  test('is at least as many items as are worked on at once, and only for a node that keeps an order', () => {
    expect(readAheadProblems({ concurrency: 4, readAhead: 4 })).toEqual([]);
    expect(readAheadProblems({ concurrency: 1, readAhead: 4 })).toEqual([]);
    expect(readAheadProblems({ concurrency: 4, readAhead: 3 })).toEqual([
      "'readAhead' must be at least 'concurrency', which is 4",
    ]);
    expect(readAheadProblems({ readAhead: 3 })[0]).toMatch(/give 'concurrency', or leave it out/);
    expect(readAheadProblems({ concurrency: 4, ordered: false, readAhead: 8 })[0]).toMatch(/leave it out/);
    expect(readAheadProblems({ concurrency: 4, ordered: false })).toEqual([]);
  });
});

describe('a child that runs once over the stream', () => {
  test('takes no options about single items', () => {
    const options = {
      output: 'many',
      concurrency: 2,
      ordered: true,
      readAhead: 4,
      timeoutMs: 5,
      cancellable: true,
    };

    expect(streamCompositeProblems(options)).toHaveLength(6);
    expect(streamCompositeProblems({ ...options, errorPolicy: 'skip', with: () => ({}) })).toHaveLength(8);
  });

  test('takes constant values, the policy fail, and options left undefined', () => {
    expect(streamCompositeProblems({ with: { items: {} }, errorPolicy: 'fail', output: undefined })).toEqual(
      [],
    );
    expect(streamCompositeProblems({ errorPolicy: errorPolicy('fail') })).toEqual([]);
  });
});

describe('options as data', () => {
  test('leave out the name, what is undefined, and functions that configure', () => {
    expect(
      shownOptions(
        { name: 'n', timeoutMs: undefined, concurrency: 2, configureContext: () => undefined },
        undefined,
      ),
    ).toEqual({ concurrency: 2 });
  });

  test('say of explicit values only whether they are asked per item', () => {
    expect(shownOptions({ with: { parameters: { key: 'secret' } } }, undefined)).toEqual({
      with: 'constant',
    });
    expect(shownOptions({ with: () => ({}) }, undefined)).toEqual({ with: 'per item' });
  });

  test('show what a child inherits, all seven, with the names of keys', () => {
    const Log = contextKey('log');
    const passed = inheritance({
      inheritParentItems: { pick: [Log], rename: { l: Log } },
      inheritLineageSink: false,
    });

    expect(shownOptions({ contextConfiguration: 'whatever was given' }, passed)).toEqual({
      contextConfiguration: {
        inheritParentParameters: false,
        inheritParentItems: { pick: ['log'], rename: { l: 'log' } },
        inheritParentProperties: false,
        inheritRunIdentity: true,
        inheritLineageSink: false,
        inheritExecutionObserver: true,
        inheritDeadLetterDecorator: true,
      },
    });
  });

  test('put a policy in words', () => {
    const isOdd = (): boolean => true;

    expect(policyText(errorPolicy('skip'))).toBe('* → skip');
    expect(
      policyText(
        errorPolicy(
          { on: RangeError, then: { retry: { attempts: 3, exhausted: 'skip' } } },
          { on: 'E_BUSY', then: { retry: { attempts: 2 } } },
          { on: isOdd, then: 'fail' },
          {
            on: (
              () => () =>
                true
            )(),
            then: 'deadLetter',
          },
        ),
      ),
    ).toBe('RangeError → retry 3, else skip; E_BUSY → retry 2; isOdd → fail; predicate → deadLetter');
    expect(shownOptions({ errorPolicy: errorPolicy('skip') }, undefined)).toEqual({
      errorPolicy: '* → skip',
    });
  });
});
