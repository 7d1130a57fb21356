import { canHoldOptions, optionProblems, rule } from '../errors/option-rules.js';

/** How an item is lost: failed, or left out by an error policy. */
export type LossKind = 'failed' | 'deadLettered' | 'skipped';

const lossKinds = ['failed', 'deadLettered', 'skipped'] as const satisfies readonly LossKind[];

/** How many failed items a pipeline tolerates: a number, or a ratio of all items. */
export type ToleranceOptions = (
  | {
      /** The pipeline fails with the first failed item above this number; 0 tolerates none. */
      readonly count: number;
      /** Not beside `count`. */
      readonly ratio?: undefined;
      /** Belongs to `ratio`. */
      readonly atLeast?: undefined;
    }
  | {
      /** The pipeline fails when more than this part of the items that have ended is lost, from 0 to 1. */
      readonly ratio: number;
      /** How many items must have ended before the ratio is judged; it is always judged at the end. Default 100. */
      readonly atLeast?: number | undefined;
      /** Not beside `ratio`. */
      readonly count?: undefined;
    }
) & {
  /** What counts as lost beside failed items, which always count. Default: nothing. */
  readonly counts?: readonly LossKind[] | undefined;
};

/** How much a pipeline tolerates, read from valid {@link ToleranceOptions}. */
export interface Tolerance {
  readonly limit: { readonly count: number } | { readonly ratio: number; readonly atLeast: number };
  /** What counts, failed items included. */
  readonly counts: readonly LossKind[];
}

const DEFAULT_AT_LEAST = 100;

const toleranceRules = {
  count: (value: unknown) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number, 0 or more',
  ratio: (value: unknown) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1',
  atLeast: rule.positiveInteger,
  counts: (value: unknown) =>
    Array.isArray(value) && value.every((kind) => lossKinds.some((known) => known === kind))
      ? undefined
      : `a list of ${lossKinds.map((kind) => `'${kind}'`).join(', ')}`,
};

/** Every wrong, missing or contradictory option of a tolerance, as phrases. */
export function toleranceProblems(given: unknown): string[] {
  const problems = optionProblems(given, toleranceRules);
  if (problems.length > 0 || !canHoldOptions(given)) return problems;
  const { count, ratio, atLeast } = given as Partial<Record<keyof ToleranceOptions, unknown>>;
  if (count === undefined && ratio === undefined) problems.push("'count' or 'ratio' is missing");
  if (count !== undefined && ratio !== undefined)
    problems.push("'count' and 'ratio' cannot both decide; leave one out");
  if (count !== undefined && atLeast !== undefined)
    problems.push("'atLeast' belongs to 'ratio'; leave it out");
  return problems;
}

/** Reads options in which {@link toleranceProblems} finds nothing wrong. */
export function toleranceOf({ count, ratio, atLeast, counts = [] }: ToleranceOptions): Tolerance {
  return Object.freeze({
    limit: Object.freeze(count === undefined ? { ratio, atLeast: atLeast ?? DEFAULT_AT_LEAST } : { count }),
    counts: Object.freeze(lossKinds.filter((kind) => kind === 'failed' || counts.includes(kind))),
  });
}

/** A tolerance in words: `0.05 of at least 100 items, failed or deadLettered`. */
export function toleranceText({ limit, counts }: Tolerance): string {
  const amount =
    'count' in limit
      ? `${String(limit.count)} items`
      : `${String(limit.ratio)} of at least ${String(limit.atLeast)} items`;
  return `${amount} ${counts.join(' or ')}`;
}
