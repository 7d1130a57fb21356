import type { Draft } from '../../data/draft.js';
import type { CostEntry, CostUsage } from './cost-entry.js';
import { roundedAmount } from './money.js';

/** Sum of the costs of calls: one per key and currency, and one per key for calls without a price. */
export interface CostSummary extends CostUsage {
  /** The path or model, if `total` was grouped by one; else absent. */
  readonly key?: string;
  /** Currency of the amount; null for calls without a price. */
  readonly currency: string | null;
  /** Sum in units of the currency, rounded to 12 significant digits; null for calls without a price. */
  readonly amount: number | null;
}

/** Sums up entries; rows are in the order in which their key and currency first appear. */
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
