import { PipelineError } from '../../errors/pipeline-error.js';
import type { Tolerance } from '../../resilience/tolerance.js';
import type { Counts } from './counts.js';
import { firstOf, originalOf } from './failures.js';
import type { LostItems, Losses } from './losses.js';

/** A node of a pipeline, as its items are followed to their ends. */
export interface FollowedNode {
  readonly index: number;
  /** True where items end: at a sink, or at the output of a sub-pipeline. */
  readonly isEnd: boolean;
  /** The nodes that its items come from. */
  readonly from: readonly number[];
}

/** How far sums of parts of items may be off. */
const ROUNDING = 1e-9;

/** Judges whether an execution has lost more items than its pipeline tolerates. */
export class Toleration {
  constructor(
    readonly tolerance: Tolerance,
    /** The nodes of the pipeline, each behind those that its items come from. */
    private readonly nodes: readonly FollowedNode[],
  ) {}

  /** Whether an execution needs counts of its own: a ratio is judged by them. */
  get isRatio(): boolean {
    return 'ratio' in this.tolerance.limit;
  }

  /** Whether any of the lost items counts: only then is there something to judge. */
  counts({ totals }: LostItems): boolean {
    return this.tolerance.counts.some((kind) => totals[kind] > 0);
  }

  /**
   * The error of an execution that has lost too many items; undefined while they are tolerated.
   *
   * @param isLast true at the end of the execution, when a ratio is judged however few items there were.
   */
  problem(path: string, losses: Losses, counts: Counts, isLast: boolean): PipelineError | undefined {
    const { limit, counts: kinds } = this.tolerance;
    const total = losses.count(kinds);
    if ('count' in limit)
      return total > limit.count
        ? this.#exceeded(path, losses, `more than the ${limit.count.toLocaleString('en')}`)
        : undefined;
    if (total === 0) return undefined;
    const { ended, lost } = this.#follow(losses, counts);
    const tolerated = limit.ratio * ended * (1 + ROUNDING);
    if ((!isLast && ended < limit.atLeast) || Math.min(lost, ended) <= tolerated) return undefined;
    return this.#exceeded(path, losses, `of ${rounded(ended)} that ended more than the ratio ${limit.ratio}`);
  }

  /**
   * How many items have ended, and how many of these are lost, both in items of the sources.
   *
   * Where a node makes several items of one, or one of several, an item behind it stands for that part, or for so many.
   */
  #follow(losses: Losses, counts: Counts): { readonly ended: number; readonly lost: number } {
    counts.addUp();
    const followed = new Map<
      number,
      { readonly mass: number; readonly emitted: number; readonly each: number }
    >();
    let ended = 0;
    let lost = 0;
    for (const { index, isEnd, from } of this.nodes) {
      const counter = counts.counter(index);
      const { passed } = counter;
      const out = counter.out + passed;
      const emitted = counter.emitted + passed;
      const before = from.flatMap((node) => followed.get(node) ?? []);
      const arrived = before.reduce((sum, node) => sum + node.emitted, 0);
      const each =
        arrived > 0 ? before.reduce((sum, node) => sum + node.mass, 0) / arrived : (before[0]?.each ?? 1);
      const lostHere = losses.count(this.tolerance.counts, index);
      // A loss is noted before its item has ended: there all that the node took counts.
      const underWay = lostHere > 0 ? 0 : counter.waiting;
      const left = counter.in + passed - out - underWay;
      ended += each * (isEnd ? left + out : left);
      lost += each * lostHere;
      const mass = each * out;
      followed.set(index, { mass, emitted, each: emitted > 0 ? mass / emitted : each });
    }
    return { ended, lost };
  }

  #exceeded(path: string, losses: Losses, than: string): PipelineError {
    const { counts: kinds } = this.tolerance;
    const total = losses.count(kinds);
    const items = total === 1 ? 'One item was' : `${total.toLocaleString('en')} items were`;
    const errors = losses.errors(kinds);
    return new PipelineError('TOLERANCE_EXCEEDED', {
      path,
      problem: `${items} lost (${kinds.join(', ')}), ${than} that the pipeline tolerates (${firstOf(errors, total, path)}).`,
      remedy:
        "The first 100 errors are in the cause's errors; mend them and run those items again, or tolerate more.",
      cause: new AggregateError(errors.map(originalOf), `${items} lost`),
    });
  }
}

function rounded(items: number): string {
  return Math.round(items).toLocaleString('en');
}
