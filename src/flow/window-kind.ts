import { checkArgument, invalidOption, rule } from '../errors/option-rules.js';
import { checkGiven } from './given-options.js';
import { widthRule } from './numbers.js';

declare const bound: unique symbol;

/** Which windows items are put into: made by `tumbling`, `sliding` or `session`. */
export interface WindowKind<out TBound> {
  /** @hidden */
  readonly [bound]: TBound;
}

/** Windows of time that begin every so often, aligned to the epoch. */
export interface TimeSpec {
  readonly by: 'time';
  readonly ms: number;
  readonly everyMs: number;
}

/** Windows of a number of items that begin with every so manieth item. */
export interface CountSpec {
  readonly by: 'count';
  readonly count: number;
  readonly every: number;
  /** Whether windows that are not full at the end of the stream leave. */
  readonly partial: boolean;
}

/** Windows that end when no item has come for a time. */
export interface SessionSpec {
  readonly by: 'session';
  readonly gapMs: number;
  readonly idleMs: number | undefined;
}

export type WindowSpec = TimeSpec | CountSpec | SessionSpec;

/** Windows as an operator finds them: what was asked for, in words and in numbers. */
export class KnownWindows implements WindowKind<never> {
  declare readonly [bound]: never;

  private constructor(
    /** The function that made it, and its options: for drawings. */
    readonly shown: Readonly<Record<string, unknown>>,
    readonly spec: WindowSpec,
  ) {
    Object.freeze(this);
  }

  static of(window: string, options: object, spec: WindowSpec): KnownWindows {
    return new KnownWindows({ window, ...options }, spec);
  }

  /** @throws `OPTION_INVALID`, a `PipelineError`, for what none of the functions has made. */
  static read(kind: string, given: unknown): KnownWindows {
    checkArgument(kind, given, (value) =>
      value instanceof KnownWindows ? undefined : 'what tumbling, sliding or session gave',
    );
    return given as KnownWindows;
  }
}

/**
 * Windows that follow one another: of a length in time, aligned to the epoch, or of a number of items.
 *
 * An item is in exactly one. Of a day they begin at midnight in UTC.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, also for both or none of `ms` and `count`.
 *
 * @example
 * {@includeCode ../../examples/api/tumbling.ts}
 */
export function tumbling(options: {
  /** How long a window is, in milliseconds. */
  readonly ms: number;
}): WindowKind<number>;
export function tumbling(options: {
  /** How many items a window has; at the end of the stream one may have fewer. */
  readonly count: number;
}): WindowKind<undefined>;
export function tumbling(options: {
  readonly ms?: number | undefined;
  readonly count?: number | undefined;
}): WindowKind<number> | WindowKind<undefined> {
  checkGiven('tumbling', options, { ms: widthRule, count: rule.positiveInteger }, []);
  const { ms, count } = options;
  checkOneOf('tumbling', ms, count);
  return ms === undefined
    ? KnownWindows.of('tumbling', options, {
        by: 'count',
        count: count ?? 1,
        every: count ?? 1,
        partial: true,
      })
    : KnownWindows.of('tumbling', options, { by: 'time', ms, everyMs: ms });
}

/**
 * Windows that overlap: an item is in all that it falls into, so that it is held once for each of them.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`, also for starts that lie further apart than a window is wide.
 *
 * @example
 * {@includeCode ../../examples/api/sliding.ts}
 */
export function sliding(options: {
  /** How long a window is, in milliseconds. */
  readonly ms: number;
  /** How far the starts of windows lie apart, in milliseconds; they are aligned to the epoch. */
  readonly everyMs: number;
}): WindowKind<number>;
export function sliding(options: {
  /** How many items a window has. */
  readonly count: number;
  /** After how many items the next window begins. */
  readonly every: number;
  /** Whether windows that are not full at the end of the stream leave, too. Default: true. */
  readonly partial?: boolean | undefined;
}): WindowKind<undefined>;
export function sliding(options: {
  readonly ms?: number | undefined;
  readonly everyMs?: number | undefined;
  readonly count?: number | undefined;
  readonly every?: number | undefined;
  readonly partial?: boolean | undefined;
}): WindowKind<number> | WindowKind<undefined> {
  checkGiven(
    'sliding',
    options,
    {
      ms: widthRule,
      everyMs: widthRule,
      count: rule.positiveInteger,
      every: rule.positiveInteger,
      partial: rule.boolean,
    },
    [],
  );
  const { ms, everyMs, count, every, partial } = options;
  checkOneOf('sliding', ms, count);
  const [width, step, others] =
    ms === undefined ? ([count, every, [everyMs]] as const) : ([ms, everyMs, [every, partial]] as const);
  if (width === undefined || step === undefined || others.some((other) => other !== undefined))
    throw invalidOption('sliding', "'ms' goes with 'everyMs', and 'count' with 'every' and 'partial'");
  if (step > width)
    throw invalidOption(
      'sliding',
      'the starts of windows lie further apart than a window is wide, so that items would be in none',
    );
  return ms === undefined
    ? KnownWindows.of('sliding', options, {
        by: 'count',
        count: width,
        every: step,
        partial: partial ?? true,
      })
    : KnownWindows.of('sliding', options, { by: 'time', ms: width, everyMs: step });
}

/** Options of {@link session}. */
export interface SessionOptions {
  /** A session ends when no item has come for so many milliseconds; two items exactly so far apart are in two. */
  readonly gapMs: number;
  /**
   * With times of the items: a key's sessions end, too, and the key is forgotten, once the watermark of the whole stream
   * has moved on by so many milliseconds since the key's last item. Default: `gapMs` and `latenessMs` together.
   */
  readonly idleMs?: number | undefined;
}

/**
 * Windows of items that follow each other closely, each as long as it happens to be; those of each key are apart.
 *
 * A session begins with its first item and ends `gapMs` after its last one.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/session-windows.ts}
 */
export function session(options: SessionOptions): WindowKind<number> {
  checkGiven('session', options, { gapMs: rule.positiveMilliseconds, idleMs: rule.positiveMilliseconds }, [
    'gapMs',
  ]);
  const { gapMs, idleMs } = options;
  return KnownWindows.of('session', options, { by: 'session', gapMs, idleMs });
}

function checkOneOf(kind: string, ms: number | undefined, count: number | undefined): void {
  if ((ms === undefined) === (count === undefined))
    throw invalidOption(kind, "either 'ms' or 'count' says how wide a window is");
}
