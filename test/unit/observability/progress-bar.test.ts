import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { progressBar, type Progress, type ProgressBarOptions } from 'heirline';

const progress = (more: Partial<Progress>): Progress => ({
  type: 'progress',
  path: 'flights',
  runId: 'run',
  pipelineId: 'pipeline',
  at: 0,
  done: 0,
  total: undefined,
  perSecond: 0,
  remainingMs: undefined,
  isLast: false,
  ...more,
});

/** What is written of some progress. */
function shown(
  events: readonly Partial<Progress>[],
  stream: { isTTY?: boolean; columns?: number },
  options?: ProgressBarOptions,
): string[] {
  const written: string[] = [];
  const observer = progressBar({ ...stream, write: (text: string) => written.push(text) }, options);
  for (const event of events) observer.progress?.(progress(event));
  return written;
}

beforeEach(() => {
  vi.stubEnv('CI', '');
  vi.stubEnv('TERM', 'xterm');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const half = { done: 10_006, total: 20_012, perSecond: 4321.4, remainingMs: 2315 };

describe('progress on a terminal', () => {
  test('is one line that is drawn over, and stays at the end', () => {
    const last = { done: 20_012, total: 20_012, perSecond: 4000, remainingMs: 0, isLast: true };

    expect(shown([half, last], { isTTY: true, columns: 100 })).toEqual([
      '\rflights  ████████████░░░░░░░░░░░░  10,006/20,012  50%  4,321/s  3 s left\u001B[K',
      '\rflights  ████████████████████████  20,012/20,012  100%  4,000/s\u001B[K\n',
    ]);
  });

  test('counts items where the total is not known', () => {
    expect(shown([{ done: 1200, perSecond: 60 }], { isTTY: true })).toEqual([
      '\rflights  1,200 items  60/s\u001B[K',
    ]);
  });

  test('is cut to the width of the terminal, where wide characters take two columns', () => {
    expect(shown([half], { isTTY: true, columns: 21 })).toEqual(['\rflights  ██████████…\u001B[K']);
    expect(shown([{ path: '航班数据', done: 1 }], { isTTY: true, columns: 8 })).toEqual([
      '\r航班数…\u001B[K',
    ]);
    expect(shown([{ path: '航班数据', done: 1 }], { isTTY: true, columns: 7 })).toEqual(['\r航班…\u001B[K']);
  });
});

describe('progress without a terminal', () => {
  const events = [
    { at: 0 },
    { at: 250, done: 1 },
    { at: 2000, ...half },
    { at: 2250, done: 3, perSecond: 2, isLast: true },
  ];

  test('is a line every two seconds, and one at the end', () => {
    expect(shown(events, {})).toEqual([
      'flights  0 items  0/s\n',
      'flights  10,006/20,012  50%  4,321/s  3 s left\n',
      'flights  3 items  2/s\n',
    ]);
  });

  test('in CI, and on a terminal that cannot draw, is lines too', () => {
    vi.stubEnv('CI', 'true');
    expect(shown(events, { isTTY: true })).toHaveLength(3);
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'dumb');
    expect(shown(events, { isTTY: true })).toHaveLength(3);
    expect(shown(events, { isTTY: true }, { mode: 'bar' })).toHaveLength(4);
  });
});

test('silent progress has no method, so that runs do not look how far they are', () => {
  expect(progressBar(process.stderr, { mode: 'silent' })).toEqual({});
});

test.each([
  [59_001, '60 s'],
  [600_000, '10 min'],
  [36_000_000, '10 h'],
])('%i ms left are %s', (remainingMs, expected) => {
  expect(shown([{ total: 10, remainingMs }], {})[0]).toContain(`  ${expected} left`);
});

test('a mode that is none is refused, and a stream that cannot be written to', () => {
  expect(() => progressBar(process.stderr, { mode: 'Bar' as 'bar' })).toThrow(/'bar' or 'lines' or 'silent'/);
  expect(() => progressBar({} as never)).toThrow(/the stream must have write/);
});
