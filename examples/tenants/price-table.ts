import { readFile } from 'node:fs/promises';
import type { CostPrice } from 'heirline';

/** What models cost; one without a price is not in it. */
export type PriceTable = ReadonlyMap<string, CostPrice>;

const file = new URL('prices.json', import.meta.url);

/** Reads `prices.json`. */
export async function readPrices(): Promise<PriceTable> {
  const rows = JSON.parse(await readFile(file, 'utf8')) as Record<string, CostPrice | null>;
  const priced = new Map<string, CostPrice>();
  for (const [model, price] of Object.entries(rows)) if (price !== null) priced.set(model, price);
  return priced;
}
