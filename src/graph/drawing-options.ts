import { isMap } from '../data/foreign-value.js';
import { checkOptions, rule } from '../errors/option-rules.js';

/** What happened to the items of one node; `RunResult` and stored records have more. */
export interface DrawnCounts {
  /** Items that arrived. */
  readonly in: number;
  /** Items that led to output or were consumed. */
  readonly out: number;
  /** Items that left; drawn where it is neither 0 nor `out`. */
  readonly emitted?: number;
  /** Items left out on purpose. */
  readonly filtered?: number;
  /** Items that a dead-letter sink has taken. */
  readonly deadLettered?: number;
  /** Items that failed and ended their execution. */
  readonly failed?: number;
  /** Items given up. */
  readonly cancelled?: number;
  /** Tries that were repeated. */
  readonly retried?: number;
  /** Items that a fallback gave. */
  readonly recovered?: number;
  /** Items for which the error of a tap was ignored. */
  readonly ignored?: number;
}

/** Counts by path: a run's result, or an object such as a snapshot of metrics or the `counts` of a stored run. */
export type CountsByPath = CountsOfRun | Readonly<Record<string, DrawnCounts | MeasuredCounts>>;

/** What a snapshot has of a node: its counts, and more that a drawing does not show. */
export interface MeasuredCounts {
  /** The counts of the node. */
  readonly counts: DrawnCounts;
}

/** What has counts by path in `nodes`, as a `RunResult` has. */
export interface CountsOfRun {
  /** The counts of each node by its path. */
  readonly nodes: ReadonlyMap<string, DrawnCounts>;
}

/** Where items flow in a drawing. */
export type DrawingDirection = 'right' | 'down';

/** What a drawing shows beside nodes and edges. */
export interface DrawingOptions {
  /** The counts of a run, finished or going on, which each node is labelled with. Default: none. */
  readonly counts?: CountsByPath | undefined;
  /** Whether each composite is labelled with the keys that reach its child. Default: `false`, only those required. */
  readonly keys?: boolean | undefined;
  /**
   * Where items flow. `'down'` fits a page: sub-pipelines stand below each other, and the short ones that hold none of
   * their own are rows. Default: `'right'`.
   */
  readonly direction?: DrawingDirection | undefined;
}

/** @throws {@link PipelineError} `OPTION_INVALID`. */
export function checkDrawingOptions(subject: string, options: DrawingOptions): void {
  checkOptions(subject, options, {
    counts: rule.object,
    keys: rule.boolean,
    direction: rule.oneOf('right', 'down'),
  });
}

/** The counts of the node at a path; undefined where nothing is known of it. */
export function countsAt(counts: CountsByPath | undefined, path: string): DrawnCounts | undefined {
  if (counts === undefined) return undefined;
  const found = isOfRun(counts) ? counts.nodes.get(path) : counts[path];
  return found !== undefined && 'counts' in found ? found.counts : found;
}

function isOfRun(counts: CountsByPath): counts is CountsOfRun {
  return typeof counts['nodes'] === 'object' && isMap(counts['nodes']);
}
