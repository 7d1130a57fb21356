import { describe, expect, test } from 'vitest';
import { isHeard } from '../../../../src/run/ending/heard-signal.js';

describe('a signal', () => {
  const listener = (): void => undefined;

  test('is heard while it has a listener', () => {
    const { signal } = new AbortController();

    expect(isHeard(signal)).toBe(false);
    signal.addEventListener('abort', listener);
    expect(isHeard(signal)).toBe(true);
    signal.removeEventListener('abort', listener);
    expect(isHeard(signal)).toBe(false);
  });

  test('is heard where AbortSignal.any has made another of it', () => {
    const { signal } = new AbortController();
    const either = AbortSignal.any([signal, new AbortController().signal]);

    expect(isHeard(signal)).toBe(true);
    expect(either.aborted).toBe(false);
  });
});
