import type { Draft } from '../../data/draft.js';
import type { CostEntry, CostUsage } from './cost-entry.js';
import { roundedAmount } from './money.js';

/** What calls have cost together: one per key and currency; calls without a price stand apart. */
export interface CostSummary extends CostUsage {
  /** The path or the model, where the total was asked by one. */
  readonly key?: string;
  /** Null for calls without a price. */
  readonly currency: string | null;
  /** Rounded to 12 significant digits; null for calls without a price. */
  readonly amount: number | null;
}

/** Sums entries up, in the order in which keys and currencies first appear. */
export function summarise(entries: readonly CostEntry[], by?: 'path' | 'model'): CostSummary[] {
  const rows = new Map<string, Draft<CostSummary>>();
  for (const entry of entries) {
    const key = by && entry[by];
    const { currency, amount, inputTokens, outputTokens, cachedTokens, calls } = entry;
    const id = JSON.stringify([key, currency]);
    const row = rows.get(id);
    if (row === undefined) {
      const sums = { currency, amount, inputTokens, outputTokens, cachedTokens, calls };
      rows.set(id, key === undefined ? sums : { key, ...sums });
    } else {
      if (row.amount !== null) row.amount += amount ?? 0;
      row.inputTokens += inputTokens;
      row.outputTokens += outputTokens;
      row.cachedTokens += cachedTokens;
      row.calls += calls;
    }
  }
  return Array.from(rows.values(), (row) => {
    if (row.amount !== null) row.amount = roundedAmount(row.amount);
    return Object.freeze(row);
  });
}
