import type { DrawnCounts } from './drawing-options.js';

const exceptions = {
  filtered: 'filtered',
  deadLettered: 'dead-lettered',
  failed: 'failed',
  cancelled: 'cancelled',
  retried: 'retried',
  recovered: 'recovered',
  ignored: 'ignored',
} as const satisfies Partial<Record<keyof DrawnCounts, string>>;

/**
 * A node's counts in lines of their own: `20,030 → 20,007` for what came and what left, then `23 failed`; just `30 items`
 * where every item went through.
 */
export function countLines(counts: DrawnCounts): string[] {
  const { in: taken, out: given } = counts;
  const through = `${whole(taken)} ${taken === 1 ? 'item' : 'items'}`;
  return [taken === given ? through : `${whole(taken)} → ${whole(given)}`, ...exceptionTexts(counts)];
}

/** What did not just go through a node, in words; none where everything did. */
export function exceptionTexts(counts: DrawnCounts): string[] {
  const { out, emitted = 0 } = counts;
  const words = Object.entries(exceptions).flatMap(([name, word]) => {
    const count = counts[name as keyof typeof exceptions] ?? 0;
    return count === 0 ? [] : [`${whole(count)} ${word}`];
  });
  return emitted === 0 || emitted === out ? words : [`${whole(emitted)} emitted`, ...words];
}

/** A whole number with separators: `20,030`. */
export function whole(count: number): string {
  return count.toLocaleString('en-US');
}
