import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { ExecutionObserver, Progress } from '../ports/execution-observer.js';
import { LineFitter } from './line-fitter.js';

/** Where progress is shown: `process.stderr`, or anything like it. */
export interface ProgressStream {
  /** True for a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal; asked at each drawing, 80 where it is unknown. */
  readonly columns?: number | undefined;
  /** Takes the next text; what it returns is ignored. */
  write(text: string): unknown;
}

const modes = ['auto', 'bar', 'lines', 'silent'] as const;

/** Options of {@link progressBar}. */
export interface ProgressBarOptions {
  /**
   * `bar` draws one line over and over, `lines` writes a line every two seconds and at the end, `silent` writes nothing.
   * `auto`, the default, is `bar` on a terminal, and `lines` elsewhere, under `TERM=dumb` and in CI.
   */
  readonly mode?: (typeof modes)[number] | undefined;
}

/** Milliseconds between two lines. */
const LINE_INTERVAL_MS = 2000;
const BAR_WIDTH = 24;
/** Goes to the beginning of the line. What stood behind the new text is erased by the second one. */
const [LINE_START, ERASE_REST] = ['\r', '\u001B[K'];

/**
 * An observer that shows how far a run is: items done, their rate and, where all sources know how many they give, the
 * remaining time.
 *
 * It shows one run at a time: of several at once, the one that tells its progress.
 *
 * @param stream where to write; `process.stderr` by default, so that what the program prints stays apart.
 * @throws {@link PipelineError} `OPTION_INVALID` for a wrong option, or a stream without `write`.
 *
 * @example
 * {@includeCode ../../examples/api/progress-bar.ts}
 */
export function progressBar(
  stream: ProgressStream = process.stderr,
  options: ProgressBarOptions = {},
): ExecutionObserver {
  checkOptions('progressBar', options, { mode: rule.oneOf(...modes) });
  if (typeof stream.write !== 'function') throw invalidOption('progressBar', 'the stream must have write');
  const { mode = 'auto' } = options;
  switch (mode === 'auto' ? modeOf(stream) : mode) {
    case 'bar':
      return { progress: barOn(stream) };
    case 'lines':
      return { progress: linesOn(stream) };
    case 'silent':
      // Without a method, runs do not even look how far they are.
      return {};
  }
}

function modeOf({ isTTY }: ProgressStream): 'bar' | 'lines' {
  const { TERM, CI } = process.env;
  const isDrawn = isTTY === true && TERM !== 'dumb' && (CI === undefined || CI === '' || CI === 'false');
  return isDrawn ? 'bar' : 'lines';
}

function barOn(stream: ProgressStream): (progress: Progress) => void {
  const fitter = new LineFitter();
  return (progress) => {
    // One column is left free: some terminals go to the next line when the last one is written.
    const line = fitter.fit(lineOf(progress, true), (stream.columns ?? 80) - 1);
    stream.write(`${LINE_START}${line}${ERASE_REST}${progress.isLast ? '\n' : ''}`);
  };
}

function linesOn(stream: ProgressStream): (progress: Progress) => void {
  let nextMs = -Infinity;
  return (progress) => {
    if (progress.at < nextMs && !progress.isLast) return;
    nextMs = progress.isLast ? -Infinity : progress.at + LINE_INTERVAL_MS;
    stream.write(`${lineOf(progress, false)}\n`);
  };
}

function lineOf({ path, done, total, perSecond, remainingMs, isLast }: Progress, hasBar: boolean): string {
  const share = total === undefined || total === 0 ? undefined : done / total;
  const filled = Math.floor((share ?? 0) * BAR_WIDTH);
  const parts = [
    path,
    hasBar && share !== undefined && '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled),
    total === undefined ? `${whole(done)} items` : `${whole(done)}/${whole(total)}`,
    share !== undefined && `${String(Math.floor(share * 100))}%`,
    `${whole(perSecond)}/s`,
    remainingMs !== undefined && !isLast && `${span(remainingMs)} left`,
  ];
  return parts.filter((part) => part !== false).join('  ');
}

function whole(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A duration in words that need no precision: `45 s`, `3 min`, `2 h`. */
function span(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${String(minutes)} min` : `${String(Math.round(minutes / 60))} h`;
}
